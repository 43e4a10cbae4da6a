"""litellm's own objects as calls: for cache hits, mock responses and custom providers, which no HTTP shows."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._capture.from_litellm.call import LitellmCall
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import CallError, LLMCall

_PATHS: Final = {
    "embedding": "/v1/embeddings",
    "aembedding": "/v1/embeddings",
    "responses": "/v1/responses",
    "aresponses": "/v1/responses",
    "anthropic_messages": "/v1/messages",
}
_NOT_PARAMS: Final = frozenset({"stream", "stream_options", "extra_headers", "extra_body", "api_key"})


def call_without_http(lone: LitellmCall, table: MessageTable) -> LLMCall | None:
    """The call as litellm's objects tell it, read with the same eyes as HTTP bodies; `None` if they say nothing."""
    kwargs = lone.kwargs
    call_type = str(kwargs.get("call_type") or "completion")
    path = _PATHS.get(call_type, "/v1/chat/completions")
    sent = lone.asked
    name = "input" if path in ("/v1/embeddings", "/v1/responses") else "messages"
    params = {
        key: value
        for key, value in (kwargs.get("optional_params") or {}).items()
        if key not in _NOT_PARAMS and value is not None
    }
    body = {"model": kwargs.get("model") or "", name: sent or [], **params}
    request = HttpRequest(
        method="POST",
        url=f"http://localhost{path}",
        body=canonical_json(lone.recorder.redacted(_plain(body))).encode("utf-8", "replace"),
    )
    call = parse_request(request, table)
    if call is None:
        return None
    provider = str(kwargs.get("custom_llm_provider") or call.provider)
    model = call.model.removeprefix(f"{provider}/")
    call = replace(call, provider=provider, model=model, cache_hit=bool(kwargs.get("cache_hit")), source="local")
    if lone.succeeded is None:
        return replace(call, status="open")
    if not lone.succeeded:
        return replace(call, status="error", error=_error(lone))
    answer = lone.recorder.redacted(_plain(_dumped(lone.response)))
    response = HttpResponse(
        status=200,
        headers=(("content-type", "application/json"),),
        body=canonical_json(answer).encode("utf-8", "replace"),
    )
    streamed = bool(kwargs.get("stream"))
    return replace(parse_response(replace(call, streamed=False), response, table), streamed=streamed)


def explained_without_http(lone: LitellmCall) -> bool:
    """Whether something inside the process answered: a mock response, litellm's cache, a custom provider, a mock."""
    kwargs = lone.kwargs
    if lone.local or kwargs.get("cache_hit"):
        return True
    ended = lone.ended if lone.ended is not None else math.inf
    if any(lone.started <= until and since <= ended for since, until in lone.recorder.answered_in_process):
        return True
    litellm = sys.modules.get("litellm")
    custom = getattr(litellm, "custom_provider_map", None) or []
    names = {str(one.get("provider")) for one in custom if isinstance(one, Mapping)}
    return str(kwargs.get("custom_llm_provider")) in names


def _error(lone: LitellmCall) -> CallError:
    error = lone.error
    status = getattr(error, "status_code", None)
    return CallError(
        type=type(error).__name__ if isinstance(error, BaseException) else "error",
        message=lone.recorder.redacted(str(error or "")),
        status=status if isinstance(status, int) else None,
    )


def _dumped(response: Any) -> Any:
    for method in ("model_dump", "dict"):
        dump = getattr(response, method, None)
        if callable(dump):
            return dump()
    return response


def _plain(value: Any) -> Any:
    """JSON-like data from whatever was given: pydantic objects become dicts, the rest that is not JSON text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    dumped = _dumped(value)
    return str(value) if dumped is value else _plain(dumped)
