"""Requests of a tape share what they repeat: they are read as their bytes would be, and what is shared once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.parsing import parse_request
from pytest_llmtrace._model.http import HeldJson, HttpRequest
from pytest_llmtrace._model.messages import MessageTable
from tests.unit.capture.dialects.dialect_wire import CHAT, CONVERSE, GEMINI, MESSAGES, RESPONSES

CACHED = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
TOOL = {"name": "t", "description": "d", "input_schema": {"type": "object"}, **CACHED}


class Held(HeldJson):
    """As a tape holds it."""

    __slots__ = ()

    def __bytes__(self) -> bytes:
        return json.dumps(self.value).encode()


def chat(text: str, role: str = "user") -> dict[str, Any]:
    """A message in parts, the last of which is to be cached."""
    return {"role": role, "content": [{"type": "text", "text": text}, {"type": "text", "text": "!", **CACHED}]}


def item(text: str, role: str = "user") -> dict[str, Any]:
    """Two items that the Responses API makes of one thing said: most dialects make one of each."""
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}


def content(text: str, role: str = "user") -> dict[str, Any]:
    """A content of Gemini: a text, and a call."""
    parts: list[Any] = [{"text": text}]
    return {
        "role": "model" if role == "assistant" else role,
        "parts": [*parts, {"functionCall": {"name": "f", "args": {}}}],
    }


def block(text: str, role: str = "user") -> dict[str, Any]:
    """A message of Bedrock, with a mark."""
    return {"role": role, "content": [{"text": text}, {"cachePoint": {"type": "default"}}]}


@pytest.mark.parametrize(
    ("url", "name", "make", "rest"),
    [
        (CHAT, "messages", chat, {"model": "m", "temperature": 1}),
        (
            MESSAGES,
            "messages",
            chat,
            {"model": "m", "tools": [TOOL], "system": [{"type": "text", "text": "s", **CACHED}]},
        ),
        (MESSAGES, "messages", chat, {"model": "m", **CACHED}),
        (RESPONSES, "input", item, {"model": "m", "instructions": "Be brief."}),
        (GEMINI, "contents", content, {"systemInstruction": {"parts": [{"text": "s"}]}}),
        (CONVERSE, "messages", block, {"system": [{"text": "s"}]}),
        ("http://h/v1/embeddings", "input", lambda text, _role="": text, {"model": "m"}),
    ],
    ids=["chat", "anthropic", "anthropic-whole", "responses", "gemini", "converse", "embeddings"],
)
def test_what_is_shared_is_read_like_its_bytes(url: str, name: str, make: Any, rest: dict[str, Any]) -> None:
    """Two conversations in turns, one shortened and one changed in the middle: each call is that of its bytes."""
    one = [make(f"a{n}", ("user", "assistant")[n % 2]) for n in range(7)]
    other = [make("a0"), *one[1:3], make("b")]
    lists = [one[:1], other[:2], one[:3], other, one[:5], one[4:], one, [*one[:2], *other[2:], *one[:1]], one]
    table = MessageTable()
    for items in lists:
        body = {**rest, name: items}
        shared = parse_request(HttpRequest(method="POST", url=url, body=Held(body)), table)  # type: ignore[arg-type]
        alone = parse_request(HttpRequest(method="POST", url=url, body=json.dumps(body).encode()), MessageTable())
        assert shared is not None
        assert shared == alone


def test_a_growing_history_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message is looked at once however many requests repeat it, and no body is written out."""
    looked: list[Any] = []
    built = Interner._built
    monkeypatch.setattr(Interner, "_built", lambda self, item, build: looked.append(item) or built(self, item, build))
    monkeypatch.setattr(Held, "__bytes__", lambda _self: pytest.fail("a body was written out"))
    history = [{**chat(f"text {n}"), "n": n} for n in range(50)]
    table = MessageTable()
    for length in range(1, 51):
        body = Held({"model": "m", "messages": history[:length]})
        call = parse_request(HttpRequest(method="POST", url=CHAT, body=body), table)  # type: ignore[arg-type]
        assert call is not None
        assert len(call.messages) == length
    assert [one["n"] for one in looked] == list(range(50))
