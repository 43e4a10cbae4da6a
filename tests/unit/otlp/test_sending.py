"""What the process that sends makes of spans, and what is said where they do not arrive."""

from __future__ import annotations

import io
import json
import socket
import subprocess
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from pytest_llmtrace._otlp import exporting, sending
from pytest_llmtrace._otlp.sending import send, without_keys
from tests.collector import Collector, attributes

TEST = {
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "span_id": "b7ad6b7169203331",
    "parent_id": None,
    "name": "test_a.py::test_one",
    "kind": "internal",
    "begins": 1_700_000_000_000_000_000,
    "ends": 1_700_000_001_000_000_000,
    "attributes": {"llmtrace.drift": ["prompt", "model"], "llmtrace.cost_usd": 0.25, "llmtrace.calls": 1},
    "events": [{"name": "compaction", "at": 1_700_000_000_500_000_000, "attributes": {"llmtrace.data": "{}"}}],
    "error": "drift: prompt",
}
CALL = {
    **TEST,
    "span_id": "00f067aa0ba902b7",
    "parent_id": "b7ad6b7169203331",
    "name": "chat m",
    "kind": "client",
    "attributes": {"gen_ai.request.stream": True},
    "events": [],
    "error": None,
}


def exported(collector: Collector, spans: list[dict[str, Any]]) -> str | None:
    """What `exporting` says of these spans, in this process."""
    head = {"url": f"{collector.url}/v1/traces", "resource": {"service.name": "shop"}, "version": "1.2"}
    return exporting._exported(head, io.BytesIO(b"".join(json.dumps(one).encode() + b"\n" for one in spans)))


def test_spans_arrive_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every field of each; in batches, of one resource and one scope."""
    monkeypatch.setattr(exporting, "_BATCH_SPANS", 2)
    with Collector() as collector:
        assert exported(collector, [TEST, CALL, {**CALL, "span_id": "00f067aa0ba902b8"}]) is None
    assert [len(one.resource_spans[0].scope_spans[0].spans) for _, _, one in collector.requests] == [2, 1]
    assert collector.resources == [{"service.name": "shop"}] * 2
    scope = collector.requests[0][2].resource_spans[0].scope_spans[0].scope
    assert (scope.name, scope.version) == ("pytest_llmtrace", "1.2")
    test, call, _ = collector.spans
    assert (test.trace_id.hex(), test.span_id.hex(), test.parent_span_id) == (TEST["trace_id"], TEST["span_id"], b"")
    assert (test.name, test.kind, test.start_time_unix_nano, test.end_time_unix_nano) == (
        "test_a.py::test_one",
        1,
        TEST["begins"],
        TEST["ends"],
    )
    assert (test.status.code, test.status.message) == (2, "drift: prompt")
    assert attributes(test) == TEST["attributes"]
    assert [(one.name, one.time_unix_nano, attributes(one)) for one in test.events] == [
        ("compaction", 1_700_000_000_500_000_000, {"llmtrace.data": "{}"})
    ]
    assert (call.kind, call.parent_span_id.hex(), call.status.code) == (3, TEST["span_id"], 0)
    assert attributes(call) == {"gen_ai.request.stream": True}


@pytest.mark.parametrize(
    ("collector", "said"),
    [
        (Collector(401, b'{"message": "Invalid key"}', "application/json"), 'HTTP 401 Unauthorized: {"message": "Inva'),
        (Collector(302), "HTTP 302 Found"),
        (
            Collector(
                body=ExportTraceServiceResponse(
                    partial_success=ExportTracePartialSuccess(rejected_spans=2, error_message="too old")
                ).SerializeToString()
            ),
            "2 spans were rejected: too old",
        ),
    ],
)
def test_what_was_not_taken_is_said(collector: Collector, said: str) -> None:
    """A refusal with its text, a redirection, which nobody follows, and spans that were left out of a success."""
    with collector:
        assert (exported(collector, [TEST]) or "").startswith(said)
    assert len(collector.requests) == 1


def test_what_kept_spans_from_arriving_is_said_in_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a failure began with: a connection that is refused after all, an answer that does not come."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.05")
    with Collector() as gone:
        pass
    assert exported(gone, [TEST]) == "Connection refused"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gone.port = silent.getsockname()[1]
        assert exported(gone, [TEST]) == "timed out"


def test_a_proxy_is_asked_whether_anybody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way to a collector may lead through a proxy alone: then none is tried without it."""
    monkeypatch.setattr(exporting, "getproxies", lambda: {"https": "http://proxy:1"})
    monkeypatch.setattr(exporting, "proxy_bypass", lambda host: host == "localhost")
    assert exporting._unreachable("https://collector.invalid/v1/traces") is None
    assert exporting._unreachable("https://localhost:1/v1/traces") == "Connection refused"
    assert exporting._unreachable("http://localhost:1/v1/traces") == "Connection refused"


def test_nothing_takes_longer_than_it_may() -> None:
    """Where the process does not come back in time, it is ended, and that is what went wrong."""
    assert send([TEST], "http://127.0.0.1:1/v1/traces", {}, "1", seconds=0.001) == "no answer within 0.001 seconds"


def test_a_process_that_ends_otherwise_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line, without the keys of headers and the options of the URL."""
    key, url = "Basic%20Z2VoZWlt", "http://h/v1/traces?key=k"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"Authorization={key},x-version=4")
    text = f"Traceback:\nOSError: {url} said\t4: Basic Z2VoZWlt\n".encode()
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 3, b"", text))
    assert send([], url, {}, "1") == ("the process that sends ended with 3: OSError: http://h/v1/traces said 4: ***")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, b"null", b""))
    assert send([], url, {}, "1") == "the process that sends ended with 0: it said nothing"
    assert without_keys("a 4 Z2VoZWlt", {"OTEL_EXPORTER_OTLP_TRACES_HEADERS": "a=Basic Z2VoZWlt"}) == "a 4 ***"
    assert sending.RUN_SECONDS == 10
