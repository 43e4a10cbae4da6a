"""The network guard: no connection goes past the tape unnoticed, whatever library makes it.

It sits on Python's sockets, below every HTTP stub. In replay it stops what the tape does not answer: loopback stays
open to everything but a recorded provider's own port, and so do hosts that the project allows; a test that neither has
a cassette nor calls an LLM keeps its network, except for known LLM providers. In recording and live mode it lets
everything through, and notes what reached an LLM without an HTTP stub: that was neither recorded nor compared.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from operator import is_
from typing import Any, Final

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.enclosing import enclosing, is_hidden
from pytest_llmtrace._capture.faults import noting, stopping, stray
from pytest_llmtrace._capture.guard.children import Children, inheriting, spawning, starting
from pytest_llmtrace._capture.guard.native import native_clients
from pytest_llmtrace._capture.guard.passages import Passage, asks_llm, tunnelled
from pytest_llmtrace._capture.guard.patches import Patch, Patches
from pytest_llmtrace._capture.guard.user_stack import called_by, user_stack
from pytest_llmtrace._capture.guard.watched_sockets import SOCKET, watch
from pytest_llmtrace._capture.providers import is_provider_host
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.wire.stubbed import own, stubbed
from pytest_llmtrace._model.matching import is_loopback

_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)
_ADDRESS_AT: Final = {"connect": 0, "connect_ex": 0, "sendto": -1, "sendmsg": 3}
"""Where these methods of a socket take an address."""
_SPAWNS: Final = ("posix_spawn", "posix_spawnp")
_LOOKUPS: Final = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")
_LATE: Final = (
    ("multiprocessing.process", "BaseProcess"),
    ("uvloop", "Loop"),
    ("grpc", "__spec__"),
    ("grpc.aio", "__spec__"),
)
"""Modules that may be imported at any time, and what of each is another object when it was imported anew."""


class Guard:
    """Installs and removes the guard for the process."""

    def __init__(self, *, allowed: Iterable[str] = ()) -> None:
        """Args: allowed: host names or addresses that tests may connect to; ``*.example.com`` allows subdomains."""
        self._allowed = tuple(host.strip().lower() for host in allowed if host.strip())
        self._addresses: set[str] = set()
        """Addresses of allowed hosts."""
        self._names: dict[str, str | None] = {}
        """Providers by their addresses; `None` for an address that a host of another kind shares."""
        self._ordered: Counter[str] = Counter()
        """Names that an event loop is looking up in a thread: checked where that was ordered."""
        self._children = Children(self.allows)
        self._installed = False
        self._seen: list[Any] | None = None
        """What `_LATE` was when patches for it were made."""
        self._patches = Patches(
            (
                *(Patch(SOCKET, name, self._guarding(at)) for name, at in _ADDRESS_AT.items()),
                *(Patch(socket, name, self._guarding_lookup) for name in _LOOKUPS),
                Patch(asyncio.BaseEventLoop, "getaddrinfo", self._guarding_order),
                Patch(subprocess.Popen, "__init__", starting(self._children)),
                Patch(os, "system", inheriting(self._children)),
                *(Patch(os, name, spawning(self._children)) for name in _SPAWNS if hasattr(os, name)),
            )
        )

    def install(self) -> None:
        """Put the guard in place, or back in place: other plugins reset sockets after each test."""
        found = sys.modules.get
        there = [getattr(one, of, None) if (one := found(name)) is not None else None for name, of in _LATE]
        if self._seen is None or not all(map(is_, there, self._seen)):
            self._find_late()
            self._seen = there
        self._patches.install()
        self._installed = True

    def _find_late(self) -> None:
        """Make patches for libraries that were imported since, or anew."""
        processes = sys.modules.get("multiprocessing.process")
        if processes is not None:
            self._patches.add(Patch(processes.BaseProcess, "start", inheriting(self._children)))
        for owner, name, guarding in native_clients(self._judge):
            self._patches.add(Patch(owner, name, guarding))

    def arrived(self) -> None:
        """A library in native code has been imported (`native.LIBRARIES`). Import hooks cannot be taken back."""
        self._seen = None  # it may have been seen half imported
        if self._installed:
            self.install()

    def remove(self) -> None:
        """Take the guard away."""
        self._installed = False
        self._patches.remove()
        self._children.close()

    # What is put over Python's own

    def _guarding(self, at: int) -> Callable[[Any], Any]:
        def guarding(original: Any) -> Any:
            def guarded(sock: socket.socket, *args: Any) -> Any:
                try:
                    sent = self._judged(sock, args[at]) if -len(args) <= at < len(args) else None
                except BaseException:
                    sock.close()  # callers do so for an `OSError` only
                    raise
                if sent is not None:
                    watch(sock, sent)
                return original(sock, *args)

            return guarded

        return guarding

    def _guarding_lookup(self, original: Any) -> Any:
        def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
            name = _text(host)
            if not self._ordered[name]:
                with _cautious("the look-up of a name could not be judged"):
                    self._check_name(name, args[0] if args else kwargs.get("port"))
            found = original(host, *args, **kwargs)
            with _cautious("the addresses of a name could not be kept"):
                self._remember(name, found)
            return found

        return guarded

    def _guarding_order(self, original: Any) -> Any:
        async def guarded(loop: Any, host: Any, port: Any, **kwargs: Any) -> Any:
            name = _text(host)
            with _cautious("the look-up of a name could not be judged"):
                self._check_name(name, port)
            self._ordered[name] += 1
            try:
                return await original(loop, host, port, **kwargs)
            finally:
                self._ordered[name] -= 1

        return guarded

    # What it decides

    def _judged(self, sock: socket.socket, address: Any) -> Callable[[bytes], None] | None:
        with _cautious("a connection could not be judged"):
            return self._check(sock, address)
        return None

    def _check(self, sock: socket.socket, address: Any) -> Callable[[bytes], None] | None:
        """Stop or note a connection. Gives what must be called when a socket to this machine sends something."""
        recorder = current()
        if recorder is None or own.get() or not isinstance(address, tuple) or sock.family not in _FAMILIES:
            return None  # local sockets have names, not address tuples
        return self._check_address(recorder, str(address[0]), address[1])

    def _judge(self, host: str, port: Any) -> None:
        """The same for a client in native code: what it sends cannot be seen, so it counts as sending at once."""
        recorder = current()
        if recorder is not None and not own.get():
            with _cautious("a connection could not be judged"):
                sends = self._check_address(recorder, host, port)
                if sends is not None:
                    sends(b"")

    def _check_address(self, recorder: Recorder, host: str, port: Any) -> Callable[[bytes], None] | None:
        address = f"{host}:{port}" if port else host
        if any(self.allows(one) or one in self._addresses for one in (host, address)):
            return None
        if is_loopback(host):
            return self._check_loopback(recorder, address, port)
        name = self._names.get(host) or host
        address = f"{name}:{port}" if port else name
        if recorder.wire == "tape":
            if recorder.guarded or is_provider_host(name):
                recorder.bypass(address, user_stack())
        elif is_provider_host(name):
            self._note(recorder, address)
        return None

    def _check_loopback(self, recorder: Recorder, address: str, port: int) -> Callable[[bytes], None] | None:
        if recorder.wire == "tape" and recorder.guarded and recorder.is_recorded_port(port):
            recorder.bypass(address, user_stack())
        if stubbed.get() or is_hidden(enclosing()):
            return None
        passage = Passage(address=address, stack=user_stack(), phase=recorder.phase)

        def sends(data: bytes) -> None:
            beyond = tunnelled(data)  # a proxy on this machine, as many a company has one
            if beyond is not None:
                self._check_address(recorder, *beyond)
            speaks = asks_llm(data)
            if speaks and recorder.wire == "tape":
                recorder.bypass(address, passage.stack)
            recorder.passages.to_port(port, passage, llm=speaks)

        return sends

    def _check_name(self, name: str, port: Any) -> None:
        """A provider's name is not even looked up in replay, by any test; a test that does cannot be replayed.

        Nor is any foreign name by a test that may not reach the network: that it fails must not hang on the network.
        """
        recorder = current()
        if recorder is None or own.get() or self._may_look_up(name):
            return
        if not (is_provider_host(name) or (recorder.guarded and _is_foreign(name))):
            return
        if called_by("pytest_socket"):  # it looks up the hosts that it is to allow
            return
        address = f"{name}:{port}" if port else name
        if recorder.wire == "tape":
            recorder.bypass(address, user_stack())
        self._note(recorder, address)

    @staticmethod
    def _note(recorder: Recorder, address: str) -> None:
        if not stubbed.get() and not is_hidden(enclosing()):  # replay does not run what a replayed tool does
            recorder.let_through(address, user_stack())

    def _remember(self, name: str, found: Any) -> None:
        """Whose addresses these are."""
        if isinstance(found, str):
            addresses = {found}
        elif isinstance(found, tuple):
            addresses = set(found[2])
        else:
            addresses = {str(one[4][0]) for one in found}
        if self.allows(name):
            self._addresses |= addresses
        ports = (one.rpartition(":")[2] for one in self._allowed if one.startswith(f"{name.lower()}:"))
        self._addresses |= {f"{address}:{port}" for port in ports for address in addresses}
        provider = name if is_provider_host(name) else None
        for address in addresses if provider else addresses & self._names.keys():
            if self._names.setdefault(address, provider) is None or provider is None:
                self._names[address] = None

    def _may_look_up(self, name: str) -> bool:
        return self.allows(name) or any(one.startswith(f"{name.lower()}:") for one in self._allowed)

    def allows(self, host: str) -> bool:
        """Whether the project lets connections to a host past the tape."""
        name = host.lower()
        return any(
            name == allowed or (allowed.startswith("*.") and name.endswith(allowed[1:])) for allowed in self._allowed
        )


@contextlib.contextmanager
def _cautious(what: str) -> Iterator[None]:
    """A bug inside stops a replay, where nobody knows whether the tape is passed; live it is noted."""
    recorder = current()
    if recorder is None:
        with noting(stray, what):
            yield
    elif recorder.wire == "tape":
        with stopping(recorder, what):
            yield
    else:
        with noting(recorder.faults, what):
            yield


def _is_foreign(name: str) -> bool:
    """Whether a name is that of another machine. One without a dot is this machine's, or leads nowhere by itself."""
    if "." not in name or ":" in name or is_loopback(name) or name.lower() == socket.gethostname().lower():
        return False
    return not name.rpartition(".")[2].isdigit()  # an address


def _text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
