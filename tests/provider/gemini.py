"""Gemini's generateContent and streamGenerateContent (https://ai.google.dev/api/generate-content)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.provider.answer import Answer, Usage, arguments_of, pieces
from tests.provider.events import Event
from tests.provider.question import Question, Said, text_of


def read(body: Mapping[str, Any]) -> Iterator[Said]:
    """The system instruction and the contents; a function's response is a message of its own."""
    if system := text_of((body.get("systemInstruction") or {}).get("parts")):
        yield Said(role="system", text=system)
    for content in body.get("contents") or ():
        parts = content.get("parts") or []
        for part in parts:
            if "functionResponse" in part:
                yield Said(role="tool", text=json.dumps(part["functionResponse"].get("response"), ensure_ascii=False))
        requested = [json.dumps(part["functionCall"].get("args")) for part in parts if "functionCall" in part]
        if text := "\n".join([text_of(parts), *requested]).strip():
            yield Said(role="assistant" if content.get("role") == "model" else "user", text=text)


def whole(_question: Question, answer: Answer) -> dict[str, Any]:
    """The answer as one object."""
    parts = [{"text": answer.text}] if answer.text else []
    return _response(answer, [*parts, *_calls(answer)], finished=True)


def events(_question: Question, answer: Answer) -> Iterator[Event]:
    """The answer as a stream; each event is a response, the last one says why it ends."""
    for piece in pieces(answer.text):
        yield Event(data=_response(answer, [{"text": piece}], finished=False))
    last = _calls(answer) or [{"text": ""}]
    yield Event(data=_response(answer, last, finished=True))


def error(status: int, message: str) -> dict[str, Any]:
    """An error body."""
    kind = _ERRORS.get(status, "INTERNAL" if status >= 500 else "INVALID_ARGUMENT")
    return {"error": {"code": status, "message": message, "status": kind}}


def _response(answer: Answer, parts: list[dict[str, Any]], *, finished: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finished:
        candidate["finishReason"] = _FINISH_REASONS.get(answer.finish, answer.finish)
    made: dict[str, Any] = {"candidates": [candidate], "modelVersion": answer.model, "responseId": answer.id}
    if answer.usage is not None:
        made["usageMetadata"] = _usage(answer.usage)
    return made


def _calls(answer: Answer) -> list[dict[str, Any]]:
    return [{"functionCall": {"name": call.name, "args": arguments_of(call)}} for call in answer.tool_calls]


def _usage(usage: Usage) -> dict[str, int]:
    """Here the candidates are counted without the thoughts before them."""
    return {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
        **({"cachedContentTokenCount": usage.cache_read_tokens} if usage.cache_read_tokens else {}),
        **({"thoughtsTokenCount": usage.reasoning_tokens} if usage.reasoning_tokens else {}),
    }


_FINISH_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}

_ERRORS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
