"""The provider that recordings are made against: a server of its own on the loopback interface, which counts.

``python provider.py`` prints its port and serves until its standard input is closed. ``GET /KEY`` says how many calls
with that API key it has answered: during a replay none.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

import workload


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        """Listen on a free port."""
        self.answered: Counter[str] = Counter()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the host name, which is slow on some machines."""
        super(HTTPServer, self).server_bind()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer a call."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.answered[self.headers.get("authorization", "").removeprefix("Bearer ")] += 1
        self._send(workload.answer_to(body))

    def do_GET(self) -> None:
        """Say how many calls were answered."""
        self._send(str(self.server.answered[self.path.removeprefix("/")]).encode())

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the base class's
        """Say nothing."""


def main() -> None:
    """Serve until nobody holds the other end of standard input."""
    server = _Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
