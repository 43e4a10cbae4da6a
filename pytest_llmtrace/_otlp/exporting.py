"""What the process does that sends spans: read them from standard input, and export them with OpenTelemetry's SDK.

It is run as a script, and imports nothing of this package. The first line says where spans go and what they are of,
each other line is a span. It says on standard output what went wrong, as JSON: ``{"problem": null}``.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    import requests
    from opentelemetry.sdk.trace import ReadableSpan

_BATCH_SPANS: Final = 512
_BATCH_BYTES: Final = 4_000_000
"""Of spans as they come in; collectors refuse more than 20 MiB at once."""
_CONNECT_SECONDS: Final = 3.0
_EXPORT_SECONDS: Final = 5.0
"""Of a batch, tries included, unless OpenTelemetry's variables say."""
_TIMEOUTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
_QUOTED: Final = 200


def main() -> None:
    """Send what comes in, and say what went wrong."""
    logging.disable()  # what went wrong is said once
    head = json.loads(sys.stdin.buffer.readline())
    problem = _unreachable(head["url"]) or _exported(head, sys.stdin.buffer)
    sys.stdout.write(json.dumps({"problem": problem}))


def _unreachable(url: str) -> str | None:
    """Why nobody listens there: the exporter would try again and again. A proxy has its own word on it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme in getproxies() and not proxy_bypass(host):
        return None
    try:
        socket.create_connection(
            (host, parts.port or (443 if parts.scheme == "https" else 80)), _CONNECT_SECONDS
        ).close()
    except OSError as error:
        return str(error.strerror or error) or type(error).__name__
    return None


def _exported(head: dict[str, Any], lines: Iterable[bytes]) -> str | None:
    import requests  # noqa: PLC0415  # of the exporter
    from opentelemetry.exporter.otlp.proto.http import trace_exporter  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415

    came: list[str | None] = []

    class Session(requests.Session):
        """Notes what came of each try, which the exporter does not tell."""

        def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            try:
                response = super().send(request, **options)
            except Exception as error:
                came.append(_root(error))
                raise
            came.append(_refusal(response))
            return response

    timeout = None if any(os.environ.get(name) for name in _TIMEOUTS) else _EXPORT_SECONDS
    exporter = trace_exporter.OTLPSpanExporter(endpoint=head["url"], session=Session(), timeout=timeout)
    for batch in _batches(head, lines):
        came.clear()
        result = exporter.export(batch)
        problem = came[-1] if came else None
        if problem is not None or result is not SpanExportResult.SUCCESS:
            return problem or "OpenTelemetry's exporter refused them"
    return None


def _root(error: BaseException) -> str:
    """What a failure began with; those of requests and urllib3 around it repeat the URL, and their own names."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def _refusal(response: requests.Response) -> str | None:
    """Why spans were not taken. A redirection counts: the exporter takes it for success, and goes nowhere."""
    if not 200 <= response.status_code < 300:
        kind = response.headers.get("content-type", "")
        text = (
            f": {response.text[:_QUOTED]}" if kind.startswith(("text/", "application/json")) and response.text else ""
        )
        return f"HTTP {response.status_code} {response.reason}{text}"
    if response.headers.get("content-type", "").startswith("application/x-protobuf"):
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2  # noqa: PLC0415  # of the exporter

        partial = trace_service_pb2.ExportTraceServiceResponse.FromString(response.content).partial_success
        if partial.rejected_spans:
            return f"{partial.rejected_spans} spans were rejected: {partial.error_message}"
    return None


def _batches(head: dict[str, Any], lines: Iterable[bytes]) -> Iterator[list[ReadableSpan]]:
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  # it is imported by now
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415

    resource, scope = Resource(head["resource"]), InstrumentationScope("pytest_llmtrace", head["version"])
    batch, size = list[Any](), 0
    for line in lines:
        if batch and (len(batch) == _BATCH_SPANS or size + len(line) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(_span(json.loads(line), resource, scope))
        size += len(line)
    if batch:
        yield batch


def _span(data: dict[str, Any], resource: Any, scope: Any) -> ReadableSpan:
    from opentelemetry.sdk.trace import Event, ReadableSpan  # noqa: PLC0415  # it is imported by now
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags  # noqa: PLC0415

    def context(span_id: str) -> SpanContext:
        flags = TraceFlags(TraceFlags.SAMPLED)
        return SpanContext(int(data["trace_id"], 16), int(span_id, 16), is_remote=False, trace_flags=flags)

    return ReadableSpan(
        name=data["name"],
        context=context(data["span_id"]),
        parent=context(data["parent_id"]) if data["parent_id"] else None,
        resource=resource,
        attributes=data["attributes"],
        events=[Event(one["name"], one["attributes"], one["at"]) for one in data["events"]],
        kind=SpanKind.CLIENT if data["kind"] == "client" else SpanKind.INTERNAL,
        instrumentation_scope=scope,
        status=Status(StatusCode.UNSET) if data["error"] is None else Status(StatusCode.ERROR, data["error"]),
        start_time=data["begins"],
        end_time=data["ends"],
    )


if __name__ == "__main__":
    main()
