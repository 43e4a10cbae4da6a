"""Requests and responses of provider APIs, read as calls of the trace, whatever their dialect."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects import DIALECTS, find_dialect, path_of
from pytest_llmtrace._capture.dialects.dialect import BARE, Answer, Dialect
from pytest_llmtrace._capture.dialects.events import read_body
from pytest_llmtrace._capture.dialects.failures import http_failure
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.tokens import header_usage
from pytest_llmtrace._capture.providers import provider_in, provider_of
from pytest_llmtrace._model.canonical import canonical_json, written_value
from pytest_llmtrace._model.http import HeldJson, HttpRequest, HttpResponse, ReadJson, held_body, json_body
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import CallError, LLMCall, with_changes


def parse_request(request: HttpRequest, table: MessageTable, *, body: object = None) -> LLMCall | None:
    """The request's side of a call, status `open`; `None` where it is no call of a model, or a malformed one.

    Args:
        request: The request as it was sent.
        table: Where equal messages are one object; a table also remembers what it read, so keep one for a recording.
        body: The parsed body, where the caller has it already.
    """
    held = held_body(request)
    shared = body is None and isinstance(held, HeldJson) and held.shares
    body = json_body(request) if body is None else body
    dialect = find_dialect(request.method, request.url, body)
    if dialect is None or not isinstance(body, dict):
        return None
    path = path_of(request.url)
    grown = held.grown if shared and isinstance(held, ReadJson) else None
    interner = Interner(table, shared=shared)
    try:
        question = dialect.question(path, body, interner)
    except Exception:  # noqa: BLE001 - nested deeper than Python can follow, say; the request itself must go on
        return None
    return LLMCall(
        operation=dialect.operation,
        provider=_known_provider(request.url) or question.provider or provider_in(path) or dialect.provider,
        model=question.model,
        params={
            **question.params,
            **_cache_breakpoints(interner.lifetimes(body, _marks_in, grown) if shared else _lifetimes(request.body)),
        },
        tools=question.tools,
        messages=question.messages,
        streamed=question.streamed,
        status="open",
    )


def parse_response(call: LLMCall, response: HttpResponse, table: MessageTable) -> LLMCall:
    """The call with its answer: output, finish reason, usage, error and status.

    Accepts any response and never raises: what cannot be read becomes an error of type `unreadable_response`. The
    `cost` is set only where the provider states what it charged.
    """
    if response.status >= 400:
        return replace(call, status="error", error=http_failure(response))
    dialect = _BY_OPERATION.get(call.operation) or _BY_OPERATION["chat"]
    try:
        return _answered(call, _read(dialect, response), response, table)
    except Exception as error:  # noqa: BLE001 - a strange body must not break the test that got it
        reason = f"{type(error).__name__}: {error}"
        return replace(call, status="error", error=CallError(type=_UNREADABLE, message=reason, status=response.status))


@functools.lru_cache(maxsize=256)
def _known_provider(url: str) -> str | None:
    return provider_of(urlsplit(url).netloc, path_of(url))


def _read(dialect: Dialect, response: HttpResponse) -> Answer:
    body = read_body(response)
    if isinstance(body.data, list) and body.data and not body.events:
        return dialect.answer({BARE: body.data})
    if body.events is not None:
        return dialect.stream(body.events, done=body.done)
    if isinstance(body.data, dict):
        return dialect.answer(body.data)
    message = "the response is empty" if not response.body.strip() else "the response is not a JSON object"
    return Answer(error=CallError(type=_UNREADABLE, message=message, status=response.status))


def _answered(call: LLMCall, answer: Answer, response: HttpResponse, table: MessageTable) -> LLMCall:
    error = answer.error
    if error is not None and error.status is None:
        error = replace(error, status=response.status)
    return with_changes(
        call,
        output=None if answer.output is None else table.intern(answer.output),
        finish_reason=answer.finish_reason,
        usage=answer.usage or header_usage(response),
        response_model=answer.model,
        error=error,
        cost=answer.cost if answer.cost is not None else call.cost,
        status="error" if error is not None else "ok" if answer.complete else "abandoned",
    )


def _cache_breakpoints(lifetimes: Sequence[str]) -> Mapping[str, Any]:
    """How many blocks the request asks the provider to cache, by lifetime.

    The marks are left out of messages and tools: they move along with the conversation, and messages that do not
    change must stay equal.
    """
    return {"cache_breakpoints": {name: lifetimes.count(name) for name in sorted(set(lifetimes))}} if lifetimes else {}


def _lifetimes(body: bytes) -> Sequence[str]:
    if b'"cache_control"' not in body and b'"cachePoint"' not in body:
        return ()
    return ["1h" if _ONE_HOUR.search(mark) else "5m" for mark in _CACHE_MARK.findall(body)]


def _marks_in(part: object) -> Sequence[str]:
    if not _may_have_marks(part):
        return ()
    return _lifetimes(canonical_json(part).encode("utf-8", "surrogatepass"))


def _may_have_marks(part: object) -> bool:
    """Whether a part may have a mark at any depth: most have no such word, and are written in no time to see that."""
    written = written_value(part)
    return written is None or b"cache_control" in written or b"cachePoint" in written


_BY_OPERATION: Final = {dialect.operation: dialect for dialect in DIALECTS}
_UNREADABLE: Final = "unreadable_response"
_CACHE_MARK: Final = re.compile(rb'"(?:cache_control|cachePoint)"\s*:\s*(\{[^{}]*\})')
_ONE_HOUR: Final = re.compile(rb'"ttl"\s*:\s*"1h"')
