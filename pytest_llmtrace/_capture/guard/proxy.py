"""An HTTP proxy on the loopback interface for child processes: it refuses what the guard would stop, tunnels the rest.

It reads the head of each connection's first request, and nothing that is encrypted.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote, urlsplit

from pytest_llmtrace._capture.wire.stubbed import own
from pytest_llmtrace._model.frozen import frozen

_CHALLENGE: Final = 'Proxy-Authenticate: Basic realm="llmtrace"'
_TEXT: Final = "Content-Type: text/plain; charset=utf-8"
_LONGEST: Final = 65536
_PATIENCE: Final = 30.0
"""Seconds that a child may take to say where it wants to go, and a host to answer a connection."""


@frozen
class Ruling:
    """Whether a child may go where it asks to."""

    refused: str | None = None
    """Why not, in words for whoever reads the child's output."""
    upstream: str | None = None
    """URL of the proxy that leads there, where the child was given one."""


Rules = Callable[[str, str, int, str], Ruling | None]
"""Asked with the token of a child, host, port and scheme; `None`: no child of ours has that token."""


class Proxy:
    """Listens from the moment it is made."""

    def __init__(self, rules: Rules) -> None:
        """Args: rules: who may go where."""
        self._rules = rules
        self._open = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, name="llmtrace-proxy", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._open = False
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
            pass  # wakes it up
        self._listener.close()

    def _serve(self) -> None:
        while self._open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(client,), name="llmtrace-proxy", daemon=True).start()

    def _handle(self, client: socket.socket) -> None:
        own.set(True)
        with client, contextlib.suppress(OSError):
            client.settimeout(_PATIENCE)
            head, rest = _head(client)
            asked = _Asked.of(head) if head else None
            if asked is None:
                return
            ruling = self._rules(asked.token, asked.host, asked.port, asked.scheme)
            if ruling is None:
                client.sendall(
                    _answer("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="llmtrace"')
                )
            elif ruling.refused is not None:
                client.sendall(_answer("403 Forbidden", _TEXT, ruling.refused))
            else:
                _pass_on(client, asked, ruling.upstream, rest)


@frozen
class _Asked:
    """The first request of a connection."""

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]
    scheme: str
    host: str
    port: int
    token: str

    @classmethod
    def of(cls, head: bytes) -> _Asked | None:
        """From its bytes; `None`: it is no request to a proxy."""
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        if len(words) != 3:
            return None
        method, target, version = words
        headers = tuple(
            (name.strip(), value.strip()) for name, colon, value in (one.partition(":") for one in lines[1:]) if colon
        )
        try:
            url = urlsplit(f"https://{target}" if method == "CONNECT" else target)
            port = url.port or (443 if url.scheme == "https" else 80)
        except ValueError:
            return None
        if not url.hostname:
            return None
        proof = next((value for name, value in headers if name.lower() == "proxy-authorization"), "")
        return cls(
            method=method,
            target=target,
            version=version,
            headers=headers,
            scheme=url.scheme,
            host=url.hostname,
            port=port,
            token=_token(proof),
        )

    def head(self, *, proof: str | None, origin: bool) -> bytes:
        """The request as it goes on.

        Args:
            proof: What the next proxy wants to be shown.
            origin: Whether it goes to the host itself, and to no other proxy.
        """
        url = urlsplit(self.target)
        where = f"{url.path or '/'}{'?' if url.query else ''}{url.query}" if origin else self.target
        dropped = {"proxy-authorization", "proxy-connection", "keep-alive"}
        if not any(name.lower() == "upgrade" for name, _ in self.headers):
            dropped.add("connection")
        kept = [f"{name}: {value}" for name, value in self.headers if name.lower() not in dropped]
        if self.method != "CONNECT" and "connection" in dropped:
            kept.append("Connection: close")  # the next request may be to somewhere else
        if proof is not None:
            kept.append(f"Proxy-Authorization: {proof}")
        return "\r\n".join((f"{self.method} {where} {self.version}", *kept, "", "")).encode("latin-1")


def _head(client: socket.socket) -> tuple[bytes, bytes]:
    """The head of a request, and what came with it."""
    read = b""
    while b"\r\n\r\n" not in read and len(read) < _LONGEST:
        piece = client.recv(8192)
        if not piece:
            return b"", b""
        read += piece
    head, _, rest = read.partition(b"\r\n\r\n")
    return head, rest


def _token(proof: str) -> str:
    kind, _, value = proof.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value).decode("latin-1").partition(":")[0]
    except (binascii.Error, ValueError):
        return ""


def _answer(status: str, header: str, text: str = "") -> bytes:
    body = text.encode()
    lines = (f"HTTP/1.1 {status}", header, f"Content-Length: {len(body)}", "Connection: close", "", "")
    return "\r\n".join(lines).encode("latin-1") + body


def _pass_on(client: socket.socket, asked: _Asked, upstream: str | None, rest: bytes) -> None:
    try:
        server, proof = _reached(asked, upstream)
    except (OSError, ValueError) as error:
        text = f"llmtrace: {asked.host}:{asked.port} could not be reached: {error}"
        client.sendall(_answer("502 Bad Gateway", _TEXT, text))
        return
    with server:
        if asked.method == "CONNECT" and upstream is None:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            server.sendall(asked.head(proof=proof, origin=upstream is None))
        if rest:
            server.sendall(rest)
        _relay(client, server)


def _reached(asked: _Asked, upstream: str | None) -> tuple[socket.socket, str | None]:
    """A connection to the host or to the proxy before it, and what the latter wants to be shown."""
    if upstream is None:
        return socket.create_connection((asked.host, asked.port), _PATIENCE), None
    url = urlsplit(upstream if "://" in upstream else f"http://{upstream}")
    if url.scheme != "http" or not url.hostname:
        raise ValueError(f"the proxy before it is none that llmtrace can use: {url.scheme}://{url.hostname}")
    proof = None
    if url.username is not None:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
        proof = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return socket.create_connection((url.hostname, url.port or 80), _PATIENCE), proof


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until both sides are done. By a selector: `select` knows no more than 1024 open files."""
    with selectors.DefaultSelector() as waiting:
        for here, there in ((one, other), (other, one)):
            here.settimeout(None)
            waiting.register(here, selectors.EVENT_READ, (here, there))
        while waiting.get_map():
            for key, _ in waiting.select():
                here, there = key.data
                piece = here.recv(65536)
                if piece:
                    there.sendall(piece)
                    continue
                with contextlib.suppress(OSError):
                    there.shutdown(socket.SHUT_WR)
                waiting.unregister(here)
