"""OpenAI chat completions (https://platform.openai.com/docs/api-reference/chat)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.provider.answer import Answer, Usage, pieces
from tests.provider.events import DONE, Event
from tests.provider.question import Question, Said, role_of, text_of


def read(body: Mapping[str, Any]) -> Iterator[Said]:
    """The messages of a request."""
    for message in body.get("messages") or ():
        requested = [call.get("function", {}).get("arguments", "") for call in message.get("tool_calls") or ()]
        text = "\n".join([text_of(message.get("content")), *requested]).strip()
        yield Said(role=role_of(message.get("role")), text=text)


def whole(_question: Question, answer: Answer) -> dict[str, Any]:
    """The answer as one object."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.tool_calls:
        message["tool_calls"] = [
            {"id": f"call_{call.id}", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in answer.tool_calls
        ]
    made = {
        **_envelope(answer, "chat.completion"),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish}],
    }
    if answer.usage is not None:
        made["usage"] = _usage(answer.usage)
    return made


def events(question: Question, answer: Answer) -> Iterator[Event]:
    """The answer as a stream; with a last chunk for the usage where the request asks for it."""
    options = question.body.get("stream_options") or {}
    with_usage = bool(options.get("include_usage")) and answer.usage is not None

    def chunk(delta: dict[str, Any], finish: str | None = None) -> Event:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        data = {**_envelope(answer, "chat.completion.chunk"), "choices": [choice]}
        return Event(data={**data, "usage": None} if with_usage else data)

    yield chunk({"role": "assistant", "content": None if answer.tool_calls and not answer.text else ""})
    for piece in pieces(answer.text):
        yield chunk({"content": piece})
    for index, call in enumerate(answer.tool_calls):
        head = {"index": index, "id": f"call_{call.id}", "type": "function"}
        yield chunk({"tool_calls": [{**head, "function": {"name": call.name, "arguments": ""}}]})
        for piece in pieces(call.arguments):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, answer.finish)
    if with_usage and answer.usage is not None:
        yield Event(data={**_envelope(answer, "chat.completion.chunk"), "choices": [], "usage": _usage(answer.usage)})
    yield DONE


def error(status: int, message: str) -> dict[str, Any]:
    """An error body."""
    kind, code = _ERRORS.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _envelope(answer: Answer, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{answer.id}", "object": kind, "created": answer.created, "model": answer.model}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens, "audio_tokens": 0},
    }


_ERRORS = {
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "not_found"),
    429: ("requests", "rate_limit_exceeded"),
}
