"""Requests that only report what happened: frameworks send their own traces somewhere, in threads of their own.

They are no part of what a test does with an LLM. Nobody records them, and a replay answers for the receiver, unless
that is a collector on this machine: a test may have started it to look at what it is told.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pytest_llmtrace._capture.asked import Asked
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.labels import NO_LABELS
from pytest_llmtrace._model.content import decoded
from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.matching import is_loopback

if TYPE_CHECKING:
    from pytest_llmtrace._capture.recorder import Recorder


def reported(
    request: HttpRequest, recorder: Recorder | None, *, replay_only: bool
) -> tuple[Recorder | None, Exchange] | tuple[()] | None:
    """What becomes of a request that reports: it is answered for its receiver, or goes out, unrecorded.

    Args:
        request: The request.
        recorder: Of the test that is running.
        replay_only: Whether the run only replays.

    Returns:
        The recorder and the answered exchange, or nothing where it goes out; `None`: it is no report.
    """
    replays = recorder is not None and recorder.wire == "tape"
    if is_telemetry(request.url):
        answered = replay_only or replays
    elif _is_for_local_collector(request):  # by the port of a recorded provider, nothing may go out
        answered = replays and recorder is not None and recorder.is_recorded_port(urlsplit(request.url).port)
    else:
        return None
    return (recorder, accepted(request)) if answered else ()


@functools.lru_cache(maxsize=256)
def may_report(url: str) -> bool:
    """Whether a request to this address may be one that reports."""
    return is_telemetry(url) or _is_export_to_here(url)


@functools.lru_cache(maxsize=256)
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
        return False  # see `_is_for_local_collector`
    return parts.path.endswith(_OTLP) or any(
        re.fullmatch(hosts, host) and re.search(paths, parts.path) for hosts, paths in _RECEIVERS
    )


def accepted(request: HttpRequest) -> Exchange:
    """The request with an answer that every client is content with."""
    exchange = Exchange(asked=Asked(request, ""), told_llm=False, taped=False, labels=NO_LABELS)
    headers = (("content-type", "application/json"),)
    exchange.answered(HttpResponse(status=200, reason="OK", headers=headers, body=_body(request.url)), "tape")
    return exchange


def flush_traces() -> None:
    """Let OpenAI Agents report what it still holds: at exit nobody would answer in its receiver's place any more.

    https://openai.github.io/openai-agents-python/tracing/
    """
    flush = getattr(sys.modules.get("agents.tracing"), "flush_traces", None)
    if callable(flush):
        with contextlib.suppress(Exception):  # it is not ours, and the run is over
            flush()


def _body(url: str) -> bytes:
    return b'{"project_name": "", "project_url": ""}' if urlsplit(url).path == _LOGFIRE_INFO else b"{}"


def _is_for_local_collector(request: HttpRequest) -> bool:
    """Whether OpenTelemetry exports to this machine: no two exports are alike, for spans have random ids and times."""
    if request.method != "POST" or not _is_export_to_here(request.url):
        return False
    body = decoded(request.body, request.header("content-encoding") or "")
    return (request.header("content-type") or "").startswith("application/x-protobuf") or _OTLP_JSON.match(
        body
    ) is not None


@functools.lru_cache(maxsize=256)
def _is_export_to_here(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.path.endswith(_OTLP) and is_loopback(parts.hostname or "")
    except ValueError:
        return False


_OPENAI_AGENTS: Final = "/v1/traces/ingest"
_OTLP: Final = ("/v1/traces", "/v1/metrics", "/v1/logs")
"""https://opentelemetry.io/docs/specs/otlp/#otlphttp-request"""
_OTLP_JSON: Final = expression(rb'\s*\{\s*"resource(Spans|Metrics|Logs)"')
_LOGFIRE_INFO: Final = "/v1/info"
"""Where logfire asks whose its token is."""
_RECEIVERS: Final = (
    (r"(.+\.)?api\.smith\.langchain\.com", r"^(/api/v1)?/(runs|otel|info)(/|$)"),
    (r"(.+\.)?cloud\.langfuse\.com", r"^/api/public/(ingestion|otel)"),
    (r"api\.braintrust\.dev", r"^/(logs3|otel)"),
    (r"logfire(-[a-z]+)?\.pydantic\.dev", rf"^{_LOGFIRE_INFO}$"),
    (r"(.+\.)?i\.posthog\.com|app\.posthog\.com", r""),
    (r".+\.sentry\.io", r"/(envelope|store)/$"),
)
"""Host and path of receivers; what else these hosts serve (prompts, data sets) is recorded like any other HTTP."""
