"""Ollama's chat (https://github.com/ollama/ollama/blob/main/docs/api.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.provider.answer import Answer, arguments_of, pieces
from tests.provider.events import Line
from tests.provider.question import Question, Said, role_of, text_of


def read(body: Mapping[str, Any]) -> Iterator[Said]:
    """The messages of a request."""
    for message in body.get("messages") or ():
        yield Said(role=role_of(message.get("role")), text=text_of(message.get("content")))


def whole(_question: Question, answer: Answer) -> dict[str, Any]:
    """The answer as one object."""
    return {**envelope(answer), "message": _message(answer.text, _calls(answer)), **end(answer)}


def events(_question: Question, answer: Answer) -> Iterator[Line]:
    """The answer as a stream."""
    for piece in pieces(answer.text):
        yield Line(data={**envelope(answer), "message": _message(piece, []), "done": False})
    if answer.tool_calls:
        yield Line(data={**envelope(answer), "message": _message("", _calls(answer)), "done": False})
    yield Line(data={**envelope(answer), "message": _message("", []), **end(answer)})


def error(_status: int, message: str) -> dict[str, Any]:
    """An error body."""
    return {"error": message}


def envelope(answer: Answer) -> dict[str, Any]:
    """What every line has: the model and the time."""
    created = datetime.fromtimestamp(answer.created, UTC).isoformat().replace("+00:00", "Z")
    return {"model": answer.model, "created_at": created}


def end(answer: Answer) -> dict[str, Any]:
    """What the last line has: why it is over, and the counts."""
    made: dict[str, Any] = {"done": True, "done_reason": "length" if answer.finish == "length" else "stop"}
    if answer.usage is not None:
        counts = {"prompt_eval_count": answer.usage.input_tokens, "eval_count": answer.usage.output_tokens}
        made |= {"total_duration": 3, "load_duration": 1, "prompt_eval_duration": 1, "eval_duration": 1, **counts}
    return made


def _message(text: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    return {**message, "tool_calls": calls} if calls else message


def _calls(answer: Answer) -> list[dict[str, Any]]:
    """Here a call has no id."""
    return [{"function": {"name": call.name, "arguments": arguments_of(call)}} for call in answer.tool_calls]
