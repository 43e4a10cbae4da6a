"""The HTTP server: sockets, threads and bytes."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import struct
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any

from tests.provider.chat import error
from tests.provider.desk import Desk
from tests.provider.reply import Reply
from tests.provider.script import Rule


class Server(ThreadingHTTPServer):
    """Serves in a thread of its own, and knows its open connections."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], desk: Desk) -> None:
        self.desk = desk
        self._idle = threading.Condition()
        self._connections: set[socket.socket] = set()
        self._wake, self._woken = socket.socketpair()
        super().__init__(address, _Handler)
        self._accepting = threading.Thread(target=self._accept, name="provider", daemon=True)
        self._accepting.start()

    def server_bind(self) -> None:
        """Bind without HTTPServer's reverse look-up of the host name, which takes seconds on some machines."""
        super(HTTPServer, self).server_bind()
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def stop(self) -> None:
        """Close the port and every connection, and wait for the threads that serve them."""
        if self._wake.fileno() < 0:
            return
        self._wake.close()  # which `serve_forever` and `shutdown` would take half a second to notice
        self._accepting.join()
        self.server_close()
        with self._idle:
            for connection in self._connections:
                _break(connection)
            self._idle.wait_for(lambda: not self._connections, timeout=5)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection in a thread."""
        with self._idle:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that is done."""
        super().shutdown_request(request)
        with self._idle:
            self._connections.discard(request)
            self._idle.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Be silent about connections that the client, or `stop`, has closed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def _accept(self) -> None:
        with self._woken, selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while all(key.fileobj is self for key, _ in selector.select()):
                self.handle_request()


class _Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        if "transfer-encoding" in headers:
            self._send_error(411, "this provider needs a content-length")
            return
        raw = self.rfile.read(int(headers.get("content-length") or 0))
        try:
            reply = self.server.desk.take(method=self.command, path=self.path, headers=headers, raw=raw)
        except Exception:  # noqa: BLE001 -- whatever it is, the test must see it
            # As a status that no client tries again, so that the text reaches the test.
            self._send_error(400, f"the provider itself failed on this request:\n{traceback.format_exc()}")
            return
        if not self.server.desk.hold(reply.rule):
            self.close_connection = True
        elif reply.rule.wire is not None or reply.rule.reset:
            self._send_wire(reply.rule)
        else:
            self._send(reply)

    do_GET = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_POST  # noqa: N815 -- http.server finds them by these names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name that http.server gives it
        """Say nothing."""

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.streamed:
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self._send_chunks(reply)
            return
        body = reply.chunks[0]
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if reply.rule.truncate is not None:
            body = body[: reply.rule.truncate]
            self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_wire(self, rule: Rule) -> None:
        self.close_connection = True
        self.wfile.write(rule.wire or b"")
        if rule.stall:
            self.connection.recv(1)  # until the client gives up, or the provider stops
        if rule.reset:
            self._reset()

    def _send_chunks(self, reply: Reply) -> None:
        for chunk in reply.chunks[: reply.rule.truncate]:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if reply.rule.truncate is None:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def _send_error(self, status: int, message: str) -> None:
        self.close_connection = True
        body = json.dumps(error(status, message)).encode()
        headers = (("content-type", "application/json"), ("connection", "close"))
        self._send(Reply(status=status, headers=headers, chunks=(body,)))

    def _reset(self) -> None:
        """Close at once and with RST instead of FIN, past the orderly shutdown that the server would do."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach()) if os.name != "nt" else self.connection.close()


def _break(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side was faster
        connection.shutdown(socket.SHUT_RDWR)
