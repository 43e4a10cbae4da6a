"""Telemetry: what frameworks report of themselves is no part of a test."""

import gzip
import sys
import types

import pytest

from pytest_llmtrace._capture.wire.telemetry import flush_traces, is_telemetry, reported
from pytest_llmtrace._model.http import HttpRequest


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1/traces/ingest",
        "http://127.0.0.1:8000/v1/traces/ingest",
        "https://api.smith.langchain.com/runs/batch",
        "https://eu.api.smith.langchain.com/runs/multipart",
        "https://api.smith.langchain.com/info",
        "https://cloud.langfuse.com/api/public/ingestion",
        "https://logfire-us.pydantic.dev/v1/traces",
        "https://logfire-us.pydantic.dev/v1/info",
        "https://us.i.posthog.com/batch/",
        "https://o1.ingest.sentry.io/api/1/envelope/",
    ],
)
def test_reports_are_telemetry(url):
    """Traces, spans and usage figures on their way to a receiver."""
    assert is_telemetry(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1/chat/completions",
        "http://127.0.0.1:8000/v1/traces",
        "https://api.smith.langchain.com/commits/prompt/latest",
        "https://cloud.langfuse.com/api/public/v2/prompts/refund",
        "https://example.com/runs/batch",
        "http://[half",
    ],
)
def test_anything_else_is_not(url):
    """Calls of models, what a test needs from the same hosts, and servers on this machine."""
    assert not is_telemetry(url)


PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("url", "headers", "body", "goes_out"),
    [
        ("http://localhost:4318/v1/traces", PROTOBUF, b"\x0a\x01", True),
        ("http://localhost:4318/v1/logs", JSON, b'{"resourceLogs": []}', True),
        (
            "http://localhost:4318/v1/metrics",
            {**JSON, "content-encoding": "gzip"},
            gzip.compress(b'{"resourceMetrics":[]}', mtime=0),
            True,
        ),
        ("http://127.0.0.1:8000/v1/traces", PROTOBUF, b"\x0a\x01", False),
        ("http://localhost:4318/v1/traces", JSON, b'{"name": "an API of the test\'s own"}', None),
        ("http://localhost:4318/v1/reports", PROTOBUF, b"\x0a\x01", None),
        ("http://[half/v1/traces", PROTOBUF, b"", None),
    ],
)
def test_exports_to_this_machine_go_out_in_replay_unless_a_recorded_provider_listens_there(
    url, headers, body, goes_out
):
    """Spans have random ids, so no tape could answer; an API of the test's own that looks alike is no report."""
    request = HttpRequest(method="POST", url=url, headers=tuple(headers.items()), body=body)
    recorder = types.SimpleNamespace(wire="tape", is_recorded_port=lambda port: port == 8000)
    report = reported(request, recorder, replay_only=True)
    assert (report if report is None else report == ()) is goes_out
    if goes_out is False:
        assert report[1].response.body == b"{}"


def test_logfire_hears_in_replay_that_its_token_is_good():
    """It reads a project's name from the answer, in a thread of its own."""
    request = HttpRequest(method="GET", url="https://logfire-eu.pydantic.dev/v1/info")
    assert reported(request, None, replay_only=True)[1].response.body == b'{"project_name": "", "project_url": ""}'
    assert reported(request, None, replay_only=False) == ()


def test_agents_report_before_the_stub_is_taken_away(monkeypatch):
    """What OpenAI Agents holds until exit is reported now, and whatever comes of it does not concern the run."""
    flushed = []
    module = types.ModuleType("agents.tracing")
    module.flush_traces = lambda: flushed.append("now") or 1 / 0
    monkeypatch.setitem(sys.modules, "agents.tracing", module)
    flush_traces()
    assert flushed == ["now"]
