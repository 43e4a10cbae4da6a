"""Sockets to this machine that are noticed when they first send: a probe that only connects is no call of an LLM."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary

SOCKET: Final[type[socket.socket]] = next(one for one in reversed(socket.socket.__mro__) if one.__module__ == "socket")
"""Python's own socket class, also where another plugin has put a subclass in its place."""

_LONGEST: Final = 2048
"""Bytes of what is sent that are looked at: a request line fits in."""

_lock = threading.Lock()
_waiting: WeakKeyDictionary[socket.socket, Callable[[bytes], None]] = WeakKeyDictionary()


def watch(sock: socket.socket, first_sent: Callable[[bytes], None]) -> None:
    """Call back with what the socket sends first, as far as it is known, before that goes out.

    A socket of a foreign class counts as sending at once.
    """
    if type(sock) is not SOCKET:
        first_sent(b"")
        return
    with _lock:
        _waiting[sock] = first_sent
    sock.__class__ = _Watched


class _Watched(SOCKET):  # type: ignore[valid-type,misc]
    """An ordinary socket until it sends; then it becomes one again. Everything that hands it on counts as sending."""

    __slots__ = ()

    def send(self, *args: Any) -> int:
        _sends(self, args)
        return self.send(*args)

    def sendall(self, *args: Any) -> None:
        _sends(self, args)
        return self.sendall(*args)

    def sendmsg(self, *args: Any) -> int:
        _sends(self, args)
        return self.sendmsg(*args)

    def sendto(self, *args: Any) -> int:
        _sends(self, args)
        return self.sendto(*args)

    def sendfile(self, *args: Any, **kwargs: Any) -> int:
        _sends(self)
        return self.sendfile(*args, **kwargs)

    def detach(self) -> int:
        _sends(self)
        return self.detach()

    def dup(self) -> socket.socket:
        _sends(self)
        return self.dup()


def _sends(sock: socket.socket, args: tuple[Any, ...] = ()) -> None:
    sock.__class__ = SOCKET
    with _lock:
        first_sent = _waiting.pop(sock, None)
    if first_sent is None:
        return
    try:
        first_sent(_bytes(args[0]) if args else b"")
    except BaseException:
        sock.close()  # callers do so for an `OSError` only
        raise


def _bytes(data: Any) -> bytes:
    """The beginning of what is sent: a buffer, or several."""
    try:
        return bytes(memoryview(data)[:_LONGEST])
    except TypeError:
        buffers = data if isinstance(data, (list, tuple)) else ()
        return b"".join(_bytes(one) for one in buffers)[:_LONGEST]
