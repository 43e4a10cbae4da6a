"""Processes that a replayed test starts: patches do not reach them, so their environment leads them to a guard proxy.

Nothing happens before a test starts one, and the test's own `os.environ` stays as it is.
"""

from __future__ import annotations

import functools
import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # unknown to typeshed

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.guard.user_stack import user_stack
from pytest_llmtrace._capture.providers import is_provider_host
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.matching import is_loopback

if TYPE_CHECKING:  # few tests start a process
    from pytest_llmtrace._capture.guard.proxy import Proxy, Ruling

_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_NAMES: Final = (*_PROXIES, *(name.lower() for name in _PROXIES), "NO_PROXY", "no_proxy", "NODE_USE_ENV_PROXY")
_LOCAL: Final = "localhost,127.0.0.1,::1"
_OF_PYTHON: Final = ["uname", "-p"]
"""What Python's `platform` starts for whoever asks it for the processor, as OpenAI's SDK does with its first call: it
sends nothing, and a proxy takes 3 ms and a thread."""
_ENV_AT: Final = 10
"""Where `subprocess.Popen` takes an environment, among its positional arguments."""


@frozen
class _Child:
    """A process, and whoever that one starts."""

    recorder: Recorder
    stack: tuple[str, ...]
    """Where in the user's code it was started."""
    proxies: Mapping[str, str]
    """What its environment would have named: `http`, `https`, `all`, `no`."""


class Children:
    """Those of a test run."""

    def __init__(self, allows: Callable[[str], bool]) -> None:
        """Args: allows: whether the project lets connections to a host past the tape."""
        self._allows = allows
        self._lock = threading.Lock()
        self._known: dict[str, _Child] = {}
        self._proxy: Proxy | None = None

    def close(self) -> None:
        """No process is led to the proxy any more, which is gone."""
        with self._lock:
            proxy, self._proxy = self._proxy, None
        if proxy is not None:
            proxy.close()

    def environment(self, given: Mapping[Any, Any] | None) -> dict[Any, Any] | None:
        """What a process that is about to be started gets in place of the environment it was given.

        Args:
            given: The environment; `None`: that of this process.

        Returns:
            It with the proxy in it; `None` where the process is none of our business.
        """
        recorder = current()
        if recorder is None or recorder.wire != "tape":
            return None
        made: dict[Any, Any] = {
            os.fsdecode(name): value for name, value in (os.environ if given is None else given).items()
        }
        from pytest_llmtrace._capture.guard.proxy import Proxy  # noqa: PLC0415

        token = secrets.token_hex(8)
        child = _Child(recorder=recorder, stack=user_stack(), proxies=_proxies_in(made))
        with self._lock:
            self._known[token] = child
            self._proxy = self._proxy or Proxy(self._ruling)
            # An empty password would keep urllib from showing the name.
            url = f"http://{token}:llmtrace@127.0.0.1:{self._proxy.port}"
        for name in _PROXIES:
            made[name] = made[name.lower()] = url
        # A recorded provider of this machine must not be asked past the tape either; everything else there may be.
        made["NO_PROXY"] = made["no_proxy"] = "" if recorder.tape.loopback_ports else _LOCAL
        made["NODE_USE_ENV_PROXY"] = "1"  # or Node's `fetch` would not look
        return made

    def _ruling(self, token: str, host: str, port: int, scheme: str) -> Ruling | None:
        from pytest_llmtrace._capture.guard.proxy import Ruling  # noqa: PLC0415

        child = self._known.get(token)
        if child is None:
            return None
        recorder = current() or child.recorder  # one that outlives its test is the next one's
        address = f"{host}:{port}"
        if self._allows(host) or self._allows(address) or not _stops(recorder, host, port):
            return Ruling(upstream=_upstream(child.proxies, scheme, host))
        recorder.went_past(f"{address} (by a process that was started here)", child.stack)
        return Ruling(
            refused=f"llmtrace: a test that is replayed from its tape started this process, and {address} is past the "
            f"tape. The ini value `llm_allow_hosts = {host}` lets it through.\n"
        )


def _stops(recorder: Recorder, host: str, port: int) -> bool:
    if recorder.wire != "tape":
        return False
    if is_loopback(host):
        return recorder.guarded and recorder.is_recorded_port(port)
    return recorder.guarded or is_provider_host(host)


def _proxies_in(environment: Mapping[str, Any]) -> dict[str, str]:
    """By scheme; the names in lower case count first, as everywhere."""
    found = {}
    for name in ("http", "https", "all", "no"):
        for one in (f"{name}_proxy", f"{name.upper()}_PROXY"):
            if environment.get(one) and name not in found:
                found[name] = os.fsdecode(environment[one])
    return found


def _upstream(proxies: Mapping[str, str], scheme: str, host: str) -> str | None:
    proxy = proxies.get(scheme) or proxies.get("all")
    if proxy is None or is_loopback(host) or proxy_bypass_environment(host, dict(proxies)):
        return None
    return proxy


def spawning(children: Children) -> Callable[[Any], Any]:
    """What is put over `os.posix_spawn`."""

    def guarding(original: Any) -> Any:
        @functools.wraps(original)
        def guarded(path: Any, argv: Any, env: Any, **kwargs: Any) -> Any:
            return original(path, argv, children.environment(env) or env, **kwargs)

        return guarded

    return guarding


def inheriting(children: Children) -> Callable[[Any], Any]:
    """What is put over `os.system` and `multiprocessing.Process.start`, which give their child our own environment."""

    def guarding(original: Any) -> Any:
        @functools.wraps(original)
        def guarded(started: Any) -> Any:
            environment = None if _forks(started) else children.environment(None)
            if environment is None:
                return original(started)
            before = {name: os.environ.get(name) for name in _NAMES}
            os.environ.update({name: environment[name] for name in _NAMES})
            try:
                return original(started)
            finally:
                for name, value in before.items():
                    if value is None:
                        os.environ.pop(name, None)
                    else:
                        os.environ[name] = value

        return guarded

    return guarding


def _forks(started: Any) -> bool:
    """Whether a `multiprocessing.Process` is a fork: it has our patches, and Python warns of threads beside it."""
    if isinstance(started, (str, bytes)):
        return False
    method = getattr(started, "_start_method", None) or sys.modules["multiprocessing"].get_start_method()
    return bool(method == "fork")


def starting(children: Children) -> Callable[[Any], Any]:
    """What is put over `Popen.__init__`."""

    def guarding(original: Any) -> Any:
        @functools.wraps(original)
        def guarded(popen: Any, *args: Any, **kwargs: Any) -> None:
            given = args[_ENV_AT] if len(args) > _ENV_AT else kwargs.get("env")
            started = args[0] if args else kwargs.get("args")
            environment = None if started == _OF_PYTHON else children.environment(given)
            if environment is None:
                original(popen, *args, **kwargs)
            elif len(args) > _ENV_AT:
                original(popen, *args[:_ENV_AT], environment, *args[_ENV_AT + 1 :], **kwargs)
            else:
                original(popen, *args, **{**kwargs, "env": environment})

        return guarded

    return guarding
