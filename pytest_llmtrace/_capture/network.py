"""The network guard: in replay no connection goes past the tape, whatever library makes it.

It sits on Python's sockets, below every HTTP stub. Loopback stays open to everything but a recorded provider's own
port, and so do hosts that the project allows; a test that neither has a cassette nor calls an LLM keeps its network,
except for known LLM providers.
"""

from __future__ import annotations

import contextlib
import socket
import traceback
from collections.abc import Iterable
from typing import Any, Final
from unittest import mock

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.providers import is_provider_host
from pytest_llmtrace._model.matching import is_loopback

_FRAMES: Final = 12
"""Stack frames that a finding keeps."""


class Guard:
    """Installs and removes the guard for the process."""

    def __init__(self, *, allowed: Iterable[str] = ()) -> None:
        """Args: allowed: host names or addresses that replay may connect to; ``*.example.com`` allows subdomains."""
        self._allowed = tuple(host.strip().lower() for host in allowed if host.strip())
        self._addresses: set[str] = set()
        self._patches: contextlib.ExitStack | None = None

    def install(self) -> None:
        """Put the guard in place, once."""
        if self._patches is not None:
            return
        connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

        def guarded_connect(sock: socket.socket, address: Any) -> Any:
            self._check(sock, address)
            return connect(sock, address)

        def guarded_connect_ex(sock: socket.socket, address: Any) -> Any:
            self._check(sock, address)
            return connect_ex(sock, address)

        def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
            self._check_name(name)
            found = getaddrinfo(host, *args, **kwargs)
            if self._allows(name):
                self._addresses.update(str(one[4][0]) for one in found)
            return found

        with contextlib.ExitStack() as patches:
            patches.enter_context(mock.patch.object(socket.socket, "connect", guarded_connect))
            patches.enter_context(mock.patch.object(socket.socket, "connect_ex", guarded_connect_ex))
            patches.enter_context(mock.patch.object(socket, "getaddrinfo", guarded_getaddrinfo))
            self._patches = patches.pop_all()

    def remove(self) -> None:
        """Take the guard away."""
        if self._patches is not None:
            self._patches.close()
            self._patches = None

    def _check(self, sock: socket.socket, address: Any) -> None:
        recorder = current()
        if recorder is None or recorder.wire != "tape" or not isinstance(address, tuple):
            return  # local sockets have names, not address tuples
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            return
        host, port = str(address[0]), address[1]
        if is_loopback(host):
            if recorder.guarded and recorder.is_recorded_port(port):
                recorder.bypass(f"{host}:{port}", _stack())
            return
        if self._allows(host) or host in self._addresses:
            return
        if recorder.guarded or is_provider_host(host):
            recorder.bypass(f"{host}:{port}", _stack())

    def _check_name(self, name: str) -> None:
        """A provider's name is not even looked up in replay, by any test."""
        recorder = current()
        if recorder is None or recorder.wire != "tape" or self._allows(name):
            return
        if is_provider_host(name):
            recorder.bypass(name, _stack())

    def _allows(self, host: str) -> bool:
        name = host.lower()
        return any(
            name == allowed or (allowed.startswith("*.") and name.endswith(allowed[1:])) for allowed in self._allowed
        )


def _stack() -> tuple[str, ...]:
    """Where the connection was made: the innermost frames, without our own."""
    frames = traceback.extract_stack()[:-3]
    return tuple(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames[-_FRAMES:])
