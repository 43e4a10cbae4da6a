"""Requests that only report what happened: frameworks send their own traces somewhere, in threads of their own.

They are no part of what a test does with an LLM. Nobody records them, and a replay answers for the receiver.
"""

from __future__ import annotations

import contextlib
import re
import sys
from typing import Final
from urllib.parse import urlsplit

from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.labels import NO_LABELS
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.matching import is_loopback


def is_telemetry(url: str) -> bool:
    """Whether a request reports traces, spans or usage figures: of OpenAI Agents, LangSmith, OpenTelemetry, ..."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.path.endswith(_OPENAI_AGENTS):
        return True
    if is_loopback(host):
        return False  # a server that the test may have started to look at what it is told
    return parts.path.endswith(_OTLP) or any(
        re.fullmatch(hosts, host) and re.search(paths, parts.path) for hosts, paths in _RECEIVERS
    )


def accepted(request: HttpRequest) -> Exchange:
    """The request with an answer that every client is content with."""
    exchange = Exchange(request=request, key="", is_llm=False, taped=False, labels=NO_LABELS)
    headers = (("content-type", "application/json"),)
    exchange.answered(HttpResponse(status=200, reason="OK", headers=headers, body=b"{}"), "tape")
    return exchange


def flush_traces() -> None:
    """Let OpenAI Agents report what it still holds: at exit nobody would answer in its receiver's place any more.

    https://openai.github.io/openai-agents-python/tracing/
    """
    flush = getattr(sys.modules.get("agents.tracing"), "flush_traces", None)
    if callable(flush):
        with contextlib.suppress(Exception):  # it is not ours, and the run is over
            flush()


_OPENAI_AGENTS: Final = "/v1/traces/ingest"
_OTLP: Final = ("/v1/traces", "/v1/metrics", "/v1/logs")
"""https://opentelemetry.io/docs/specs/otlp/#otlphttp-request"""
_RECEIVERS: Final = (
    (r"(.+\.)?api\.smith\.langchain\.com", r"^(/api/v1)?/(runs|otel|info)(/|$)"),
    (r"(.+\.)?cloud\.langfuse\.com", r"^/api/public/(ingestion|otel)"),
    (r"api\.braintrust\.dev", r"^/(logs3|otel)"),
    (r"(.+\.)?i\.posthog\.com|app\.posthog\.com", r""),
    (r".+\.sentry\.io", r"/(envelope|store)/$"),
)
"""Host and path of receivers; what else these hosts serve (prompts, data sets) is recorded like any other HTTP."""
