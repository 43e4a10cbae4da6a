"""A collector on this machine: what OTLP exporters post to it is kept as OpenTelemetry's own messages."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """Runs while it is entered."""

    def __init__(self, status: int = 200, body: bytes = b"", kind: str = "application/x-protobuf") -> None:
        self.requests: list[tuple[str, dict[str, str], ExportTraceServiceRequest]] = []
        """Path, headers with names in lower case, and message of each."""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                collector.requests.append((self.path, headers, ExportTraceServiceRequest.FromString(data)))
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Not on the screen."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The attributes of each resource that came."""
        return [attributes(one.resource) for request in self._messages for one in request.resource_spans]

    @property
    def spans(self) -> list[Any]:
        """All spans that came."""
        return [
            span
            for request in self._messages
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def _messages(self) -> list[ExportTraceServiceRequest]:
        return [message for _, _, message in self.requests]


def attributes(one: Any) -> dict[str, Any]:
    """The attributes of a span or a resource."""
    return {pair.key: _value(pair.value) for pair in one.attributes}


def tree(spans: list[Any]) -> list[tuple[int, str]]:
    """Depth and name of each span, in their order."""
    above = {span.span_id: span.parent_span_id for span in spans}

    def depth(span_id: bytes) -> int:
        return 0 if not above[span_id] else 1 + depth(above[span_id])

    return [(depth(span.span_id), span.name) for span in spans]


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    found = getattr(value, kind)
    return [_value(one) for one in found.values] if kind == "array_value" else found
