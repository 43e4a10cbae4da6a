"""Processes that a replayed test starts."""

from __future__ import annotations

import base64
import contextlib
import http.client
import multiprocessing
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from unittest import mock

import pytest

from pytest_llmtrace._capture import current
from pytest_llmtrace._capture.gates import Wire
from pytest_llmtrace._capture.guard.children import Children
from pytest_llmtrace._capture.guard.network import Guard
from pytest_llmtrace._capture.guard.proxy import Proxy, Ruling
from tests.provider import Provider
from tests.unit.capture.conftest import observed_with


@contextlib.contextmanager
def running(wire: Wire) -> Iterator[None]:
    """Be in a test of such a mode."""
    recorder = observed_with(wire).recorder
    current.push(recorder)
    try:
        yield
    finally:
        current.pop(recorder)


NAMES = [name for one in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for name in (one, one.lower())]


def token(name: str) -> dict[str, str]:
    return {"Proxy-Authorization": f"Basic {base64.b64encode(f'{name}:'.encode()).decode()}"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as started:
        yield started


@pytest.fixture
def proxies() -> Iterator[list[Proxy]]:
    made: list[Proxy] = []
    yield made
    for one in made:
        one.close()


def port_of(provider: Provider) -> int:
    return int(provider.url.rpartition(":")[2])


def asked(proxy: Proxy, provider: Provider, *, tunnel: bool, name: str = "child") -> tuple[int, bytes]:
    """Ask the provider for something, through the proxy."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    path = "/v1/models"
    try:
        if tunnel:
            connection.set_tunnel("127.0.0.1", port_of(provider), token(name))
            connection.request("GET", path)
        else:
            connection.request("GET", provider.url + path, headers=token(name))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("tunnel", [True, False])
def test_what_is_allowed_goes_through(provider: Provider, proxies: list[Proxy], *, tunnel: bool) -> None:
    """Through a tunnel or asked for in plain, directly and by the proxy that the child was given before."""
    heard: list[tuple[str, str, int, str]] = []

    def rules(*ask: str | int) -> Ruling:
        heard.append(ask)  # type: ignore[arg-type]
        return Ruling()

    first = Proxy(rules)
    second = Proxy(lambda *_: Ruling(upstream=f"http://corporate:pw@127.0.0.1:{first.port}"))
    proxies += [first, second]
    direct = asked(first, provider, tunnel=tunnel)
    assert direct[0] in (200, 404)  # the provider's own answer
    assert asked(second, provider, tunnel=tunnel) == direct
    scheme = "https" if tunnel else "http"
    where = ("127.0.0.1", port_of(provider), scheme)
    assert heard == [("child", *where), ("corporate", *where)]
    assert provider.count == 2


def test_a_tunnel_needs_no_low_file_numbers(provider: Provider, proxies: list[Proxy]) -> None:
    """A process with more than a thousand open files has children, too."""
    with contextlib.ExitStack() as full:
        try:
            for _ in range(1100):
                full.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            pytest.skip(f"this system opens fewer files: {error}")
        proxies.append(Proxy(lambda *_: Ruling()))
        assert asked(proxies[-1], provider, tunnel=True)[0] in (200, 404)


def test_what_is_refused_says_why(provider: Provider, proxies: list[Proxy]) -> None:
    """Nothing is sent; a stranger, who has no token, is not served at all."""
    proxy = Proxy(lambda name, *_: Ruling(refused="llmtrace: not from here") if name == "child" else None)
    proxies.append(proxy)
    assert asked(proxy, provider, tunnel=False) == (403, b"llmtrace: not from here")
    assert asked(proxy, provider, tunnel=False, name="stranger")[0] == 407
    with pytest.raises(OSError, match="403 Forbidden"):
        asked(proxy, provider, tunnel=True)
    assert provider.count == 0


def test_a_host_that_cannot_be_reached_is_told(proxies: list[Proxy]) -> None:
    """As a gateway says it."""
    with Provider() as gone:
        pass
    proxy = Proxy(lambda *_: Ruling())
    proxies.append(proxy)
    status, text = asked(proxy, gone, tunnel=False)
    assert status == 502
    assert text.startswith(b"llmtrace: 127.0.0.1:")


@pytest.fixture
def children() -> Iterator[Children]:
    made = Children(lambda host: host == "allowed.example")
    yield made
    made.close()


def test_only_processes_of_a_replayed_test_are_led_to_the_proxy(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their whole environment stays; the test's own is not touched; in other modes nothing changes."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    assert children.environment(None) is None
    with running("fill"):
        assert children.environment({"A": "1"}) is None
    with running("tape"):
        made = children.environment({"A": "1", "http_proxy": "http://corporate:3128"})
    assert made is not None
    assert sorted(made) == sorted(["A", "NODE_USE_ENV_PROXY", *NAMES])
    url = made["http_proxy"]
    assert url.startswith("http://")
    assert ":llmtrace@127.0.0.1:" in url
    assert {made[name] for name in NAMES if not name.lower().startswith("no")} == {url}
    assert (made["A"], made["NO_PROXY"]) == ("1", "localhost,127.0.0.1,::1")
    assert dict(os.environ) == before


def test_popen_gets_that_environment() -> None:
    """Wherever it was given one, by name, by position or not at all; the guard takes it away again."""
    code = "import os; print(os.environ.get('NODE_USE_ENV_PROXY'), os.environ.get('A'))"
    ask = (sys.executable, "-S", "-c", code)
    guard = Guard()
    guard.install()
    try:
        with running("tape"):
            named = subprocess.run(ask, env={"A": "1"}, capture_output=True, text=True, check=True)
            nothing = (-1, None, None, subprocess.PIPE, None, None, True, False, None)
            with subprocess.Popen(ask, *nothing, {"A": "2"}) as placed:
                said = placed.communicate()[0]
    finally:
        guard.remove()
    assert (named.stdout.split(), said.split()) == (["1", "1"], [b"1", b"2"])
    assert "guard" not in subprocess.Popen.__init__.__module__


def test_what_python_asks_of_the_machine_is_led_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """`platform.processor` starts a process in the first call of many an SDK: there is no proxy for it."""
    asked: list[object] = []

    def environment(_self: Children, given: object) -> None:
        asked.append(given)

    monkeypatch.setattr(Children, "environment", environment)
    guard = Guard()
    guard.install()
    try:
        with running("tape"):
            platform._Processor.from_subprocess()  # type: ignore[attr-defined]
            assert asked == []
            subprocess.run(["uname", "-p", "-r"], env={"A": "1"}, capture_output=True, check=False)
    finally:
        guard.remove()
    assert asked == [{"A": "1"}]


def test_so_does_whatever_inherits_ours(capfd: pytest.CaptureFixture[str]) -> None:
    """`os.system`, `os.posix_spawn` and spawned processes of `multiprocessing`; ours is as it was afterwards."""
    guard, before = Guard(), dict(os.environ)
    guard.install()
    code = "import os; print(os.environ.get('NODE_USE_ENV_PROXY'))"
    started = []
    try:
        with running("tape"):
            os.system(f'"{sys.executable}" -S -c "{code}"')
            os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-S", "-c", code], os.environ), 0)
            for method in ("spawn", "fork"):
                process = multiprocessing.get_context(method).Process()

                def popen(*_: object) -> mock.Mock:
                    started.append(os.environ.get("NODE_USE_ENV_PROXY"))
                    return mock.Mock()

                with mock.patch.object(type(process), "_Popen", popen):
                    process.start()
    finally:
        guard.remove()
    assert capfd.readouterr().out.split() == ["1", "1"]
    assert started == ["1", None]
    assert dict(os.environ) == before
