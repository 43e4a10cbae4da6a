"""Cohere's chat, version 2 (https://docs.cohere.com/reference/chat)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.provider.answer import Answer, ToolRequest, Usage, pieces
from tests.provider.chat import read
from tests.provider.events import Event
from tests.provider.question import Question

__all__ = ["error", "events", "read", "whole"]


def whole(_question: Question, answer: Answer) -> dict[str, Any]:
    """The answer as one object."""
    message: dict[str, Any] = {"role": "assistant"}
    if answer.text:
        message["content"] = [{"type": "text", "text": answer.text}]
    if answer.tool_calls:
        message["tool_calls"] = [_tool_call(call, call.arguments) for call in answer.tool_calls]
    return {"id": answer.id, "message": message, **_end(answer)}


def events(_question: Question, answer: Answer) -> Iterator[Event]:
    """The answer as a stream."""
    start = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield _event("message-start", id=answer.id, delta={"message": start})
    if answer.text:
        yield _event("content-start", index=0, delta={"message": {"content": {"type": "text", "text": ""}}})
        for piece in pieces(answer.text):
            yield _event("content-delta", index=0, delta={"message": {"content": {"text": piece}}})
        yield _event("content-end", index=0)
    for index, call in enumerate(answer.tool_calls):
        yield _event("tool-call-start", index=index, delta={"message": {"tool_calls": _tool_call(call, "")}})
        for piece in pieces(call.arguments):
            delta = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
            yield _event("tool-call-delta", index=index, delta=delta)
        yield _event("tool-call-end", index=index)
    yield _event("message-end", delta=_end(answer))


def error(_status: int, message: str) -> dict[str, Any]:
    """An error body."""
    return {"message": message}


def _event(kind: str, **data: Any) -> Event:
    return Event(name=kind, data={"type": kind, **data})


def _tool_call(call: ToolRequest, arguments: str) -> dict[str, Any]:
    return {"id": f"{call.name}_{call.id}", "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _end(answer: Answer) -> dict[str, Any]:
    end: dict[str, Any] = {"finish_reason": _FINISH_REASONS.get(answer.finish, answer.finish)}
    return end if answer.usage is None else {**end, "usage": _usage(answer.usage)}


def _usage(usage: Usage) -> dict[str, Any]:
    """Cohere bills fewer tokens than went through the model."""
    return {
        "billed_units": {"input_tokens": max(usage.input_tokens - 1, 0), "output_tokens": usage.output_tokens},
        "tokens": {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens},
        "cached_tokens": usage.cache_read_tokens,
    }


_FINISH_REASONS = {
    "stop": "COMPLETE",
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
    "content_filter": "ERROR_TOXIC",
}
