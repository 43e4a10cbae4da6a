"""OpenAI responses (https://platform.openai.com/docs/api-reference/responses)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from tests.provider.answer import Answer, ToolRequest, Usage, pieces
from tests.provider.chat import error
from tests.provider.events import Event
from tests.provider.question import Question, Said, role_of, text_of

__all__ = ["error", "events", "read", "whole"]


def read(body: Mapping[str, Any]) -> Iterator[Said]:
    """The instructions and the items of the input."""
    if instructions := text_of(body.get("instructions")):
        yield Said(role="system", text=instructions)
    given = body.get("input") or ()
    if isinstance(given, str):
        yield Said(role="user", text=given)
        return
    for item in given:
        match item.get("type"):
            case "function_call":
                yield Said(role="assistant", text=str(item.get("arguments", "")))
            case "function_call_output":
                yield Said(role="tool", text=text_of(item.get("output")))
            case "message" | None:
                yield Said(role=role_of(item.get("role")), text=text_of(item.get("content")))


def whole(question: Question, answer: Answer) -> dict[str, Any]:
    """The answer as one object."""
    made = {**_envelope(question, answer), "status": "completed", "output": _output(answer)}
    if answer.finish in _INCOMPLETE:
        made |= {"status": "incomplete", "incomplete_details": {"reason": _INCOMPLETE[answer.finish]}}
    if answer.usage is not None:
        made["usage"] = _usage(answer.usage)
    return made


def events(question: Question, answer: Answer) -> Iterator[Event]:
    """The answer as a stream of numbered events, each item opened, filled and closed."""
    numbers = count()

    def event(kind: str, **data: Any) -> Event:
        return Event(name=kind, data={"type": kind, "sequence_number": next(numbers), **data})

    started = {**_envelope(question, answer), "status": "in_progress"}
    yield event("response.created", response=started)
    yield event("response.in_progress", response=started)
    if answer.text:
        place = {"output_index": 0, "item_id": f"msg_{answer.id}", "content_index": 0}
        empty = {**_message(answer), "status": "in_progress", "content": []}
        yield event("response.output_item.added", output_index=0, item=empty)
        yield event("response.content_part.added", **place, part=_part(""))
        for piece in pieces(answer.text):
            yield event("response.output_text.delta", **place, delta=piece, logprobs=[])
        yield event("response.output_text.done", **place, text=answer.text, logprobs=[])
        yield event("response.content_part.done", **place, part=_part(answer.text))
        yield event("response.output_item.done", output_index=0, item=_message(answer))
    for index, call in enumerate(answer.tool_calls, start=bool(answer.text)):
        place = {"output_index": index, "item_id": f"fc_{call.id}"}
        empty = {**_function_call(call), "status": "in_progress", "arguments": ""}
        yield event("response.output_item.added", output_index=index, item=empty)
        for piece in pieces(call.arguments):
            yield event("response.function_call_arguments.delta", **place, delta=piece)
        yield event("response.function_call_arguments.done", **place, name=call.name, arguments=call.arguments)
        yield event("response.output_item.done", output_index=index, item=_function_call(call))
    finished = whole(question, answer)
    yield event(f"response.{finished['status']}", response=finished)


def _envelope(question: Question, answer: Answer) -> dict[str, Any]:
    asked = question.body
    return {
        "id": f"resp_{answer.id}",
        "object": "response",
        "created_at": answer.created,
        "status": None,
        "error": None,
        "incomplete_details": None,
        "instructions": asked.get("instructions"),
        "metadata": asked.get("metadata") or {},
        "model": answer.model,
        "output": [],
        "parallel_tool_calls": asked.get("parallel_tool_calls", True),
        "previous_response_id": asked.get("previous_response_id"),
        "temperature": asked.get("temperature", 1.0),
        "text": asked.get("text") or {"format": {"type": "text"}},
        "tool_choice": asked.get("tool_choice", "auto"),
        "tools": asked.get("tools") or [],
        "top_p": asked.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": None,
    }


def _output(answer: Answer) -> list[dict[str, Any]]:
    messages = [_message(answer)] if answer.text else []
    return [*messages, *(_function_call(call) for call in answer.tool_calls)]


def _message(answer: Answer) -> dict[str, Any]:
    return {
        "id": f"msg_{answer.id}",
        "type": "message",
        "role": "assistant",
        "status": "incomplete" if answer.finish in _INCOMPLETE else "completed",
        "content": [_part(answer.text)],
    }


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _function_call(call: ToolRequest) -> dict[str, Any]:
    return {
        "id": f"fc_{call.id}",
        "type": "function_call",
        "status": "completed",
        "call_id": f"call_{call.id}",
        "name": call.name,
        "arguments": call.arguments,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
