"""OpenAI embeddings (https://platform.openai.com/docs/api-reference/embeddings)."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.provider.answer import Answer
from tests.provider.chat import error
from tests.provider.events import Event
from tests.provider.question import Question, Said

__all__ = ["error", "events", "read", "whole"]

DIMENSIONS: Final = 8
"""Length of a vector where the request does not ask for another."""


def read(body: Mapping[str, Any]) -> Iterator[Said]:
    """The texts to embed; tokens given as numbers count as words."""
    given = body.get("input", "")
    single = isinstance(given, str) or (bool(given) and isinstance(given[0], int))
    for text in [given] if single else given:
        yield Said(role="user", text=text if isinstance(text, str) else " ".join(map(str, text)))


def whole(question: Question, answer: Answer) -> dict[str, Any]:
    """One vector for each text, as numbers or in base64."""
    length = int(question.body.get("dimensions") or DIMENSIONS)
    in_base64 = question.body.get("encoding_format") == "base64"
    vectors = [vector(said.text, length) for said in question.said]
    made: dict[str, Any] = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": _base64(numbers) if in_base64 else numbers}
            for index, numbers in enumerate(vectors)
        ],
        "model": answer.model,
    }
    if answer.usage is not None:
        made["usage"] = {"prompt_tokens": answer.usage.input_tokens, "total_tokens": answer.usage.input_tokens}
    return made


def events(question: Question, answer: Answer) -> Iterator[Event]:
    """Embeddings do not stream."""
    yield Event(data=whole(question, answer))


def vector(text: str, length: int) -> list[float]:
    """A unit vector that counts the words of a text, so that texts with words in common are near each other."""
    counts = [0.0] * length
    for word in text.lower().split():
        counts[zlib.crc32(word.strip(".,;:!?'\"()").encode()) % length] += 1.0
    size = math.sqrt(sum(count * count for count in counts)) or 1.0
    return [round(count / size, 6) for count in counts]


def _base64(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode("ascii")
