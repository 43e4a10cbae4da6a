"""Telemetry: what frameworks report of themselves is no part of a test."""

import sys
import types

import pytest

from pytest_llmtrace._capture.wire.telemetry import flush_traces, is_telemetry


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


def test_agents_report_before_the_stub_is_taken_away(monkeypatch):
    """What OpenAI Agents holds until exit is reported now, and whatever comes of it does not concern the run."""
    flushed = []
    module = types.ModuleType("agents.tracing")
    module.flush_traces = lambda: flushed.append("now") or 1 / 0
    monkeypatch.setitem(sys.modules, "agents.tracing", module)
    flush_traces()
    assert flushed == ["now"]
