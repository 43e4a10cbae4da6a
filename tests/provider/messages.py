"""Anthropic messages (https://docs.claude.com/en/api/messages)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.provider.answer import Answer, ToolRequest, Usage, arguments_of, pieces
from tests.provider.events import Event
from tests.provider.question import Question, Said, role_of, text_of


def read(body: Mapping[str, Any]) -> Iterator[Said]:
    """The system prompt and the messages; a tool result is a message of its own."""
    if system := text_of(body.get("system")):
        yield Said(role="system", text=system)
    for message in body.get("messages") or ():
        content = message.get("content")
        blocks = content if isinstance(content, list) else []
        for block in blocks:
            if block.get("type") == "tool_result":
                yield Said(role="tool", text=text_of(block.get("content")))
        requested = [json.dumps(block.get("input")) for block in blocks if block.get("type") == "tool_use"]
        if text := "\n".join([text_of(content), *requested]).strip():
            yield Said(role=role_of(message.get("role")), text=text)


def whole(_question: Question, answer: Answer) -> dict[str, Any]:
    """The answer as one object."""
    content: list[dict[str, Any]] = [{"type": "text", "text": answer.text}] if answer.text else []
    content += [{**_tool_head(call), "input": arguments_of(call)} for call in answer.tool_calls]
    made = {**_envelope(answer), "content": content, "stop_reason": _stop_reason(answer)}
    if answer.usage is not None:
        made["usage"] = _usage(answer.usage)
    return made


def events(_question: Question, answer: Answer) -> Iterator[Event]:
    """The answer as a stream."""
    start = _envelope(answer)
    if answer.usage is not None:
        start["usage"] = {**_usage(answer.usage), "output_tokens": 1}
    yield _event("message_start", message=start)
    if answer.text:
        yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        yield _event("ping")
        for piece in pieces(answer.text):
            yield _event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
        yield _event("content_block_stop", index=0)
    for index, call in enumerate(answer.tool_calls, start=bool(answer.text)):
        yield _event("content_block_start", index=index, content_block={**_tool_head(call), "input": {}})
        for piece in pieces(call.arguments):
            yield _event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": piece})
        yield _event("content_block_stop", index=index)
    delta = {"stop_reason": _stop_reason(answer), "stop_sequence": None}
    if answer.usage is None:
        yield _event("message_delta", delta=delta)
    else:
        yield _event("message_delta", delta=delta, usage={"output_tokens": answer.usage.output_tokens})
    yield _event("message_stop")


def error(status: int, message: str) -> dict[str, Any]:
    """An error body."""
    kind = _ERRORS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": message}}


def _event(kind: str, **data: Any) -> Event:
    return Event(name=kind, data={"type": kind, **data})


def _envelope(answer: Answer) -> dict[str, Any]:
    return {
        "id": f"msg_{answer.id}",
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _tool_head(call: ToolRequest) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{call.id}", "name": call.name}


def _stop_reason(answer: Answer) -> str:
    return _STOP_REASONS.get(answer.finish, answer.finish)


def _usage(usage: Usage) -> dict[str, int]:
    """Here the input is only what neither came from the cache nor went into it."""
    return {
        "input_tokens": usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "output_tokens": usage.output_tokens,
    }


_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}

_ERRORS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
