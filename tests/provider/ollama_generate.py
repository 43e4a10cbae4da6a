"""Ollama's generate (https://github.com/ollama/ollama/blob/main/docs/api.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.provider.answer import Answer, pieces
from tests.provider.events import Line
from tests.provider.ollama import end, envelope, error
from tests.provider.question import Question, Said

__all__ = ["error", "events", "read", "whole"]


def read(body: Mapping[str, Any]) -> Iterator[Said]:
    """The system prompt and the prompt."""
    if system := body.get("system"):
        yield Said(role="system", text=system)
    yield Said(role="user", text=body.get("prompt") or "")


def whole(_question: Question, answer: Answer) -> dict[str, Any]:
    """The answer as one object."""
    return {**envelope(answer), "response": answer.text, **end(answer), "context": [1, 2, 3]}


def events(_question: Question, answer: Answer) -> Iterator[Line]:
    """The answer as a stream."""
    for piece in pieces(answer.text):
        yield Line(data={**envelope(answer), "response": piece, "done": False})
    yield Line(data={**envelope(answer), "response": "", **end(answer), "context": [1, 2, 3]})
