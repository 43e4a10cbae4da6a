"""OpenAI moderations (https://platform.openai.com/docs/api-reference/moderations)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.provider.answer import Answer
from tests.provider.chat import error
from tests.provider.embeddings import read
from tests.provider.events import Event
from tests.provider.question import Question

__all__ = ["error", "events", "read", "whole"]


def whole(question: Question, answer: Answer) -> dict[str, Any]:
    """A verdict for each text: what a rule's `text` names as flagged is, with ``violence`` as the reason."""
    results = [_result(flagged="flagged" in answer.text) for _ in question.said]
    return {"id": f"modr-{answer.id}", "model": answer.model, "results": results}


def events(question: Question, answer: Answer) -> Iterator[Event]:
    """Moderations do not stream."""
    yield Event(data=whole(question, answer))


def _result(*, flagged: bool) -> dict[str, Any]:
    return {
        "flagged": flagged,
        "categories": {name: flagged and name == "violence" for name in _CATEGORIES},
        "category_scores": {name: 0.9 if flagged and name == "violence" else 0.01 for name in _CATEGORIES},
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }


_CATEGORIES = ("harassment", "hate", "illicit", "self-harm", "sexual", "violence")
