"""One object per distinct message, read once."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence
from typing import Any

import pytest

from pytest_llmtrace._capture.dialects import chat_messages, interning
from pytest_llmtrace._capture.dialects.parsing import parse_request
from pytest_llmtrace._capture.dialects.tooling import tool_schemas
from pytest_llmtrace._model.messages import MessageTable
from tests.unit.capture.dialects.dialect_wire import CHAT, MESSAGES, RESPONSES, answered, ask, request

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


def history(turns: int) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [{"role": "system", "content": "Be brief."}]
    for turn in range(turns):
        made += [{"role": "user", "content": f"q{turn}"}, {"role": "assistant", "content": f"a{turn}"}]
    return made


def test_a_repeated_history_is_the_same_objects() -> None:
    """Turns share their messages and their tools."""
    table = MessageTable()

    first = ask(CHAT, {"model": "m", "messages": history(2), "tools": TOOLS}, table)
    second = ask(CHAT, {"model": "m", "messages": history(3), "tools": TOOLS}, table)

    assert all(one is other for one, other in zip(first.messages, second.messages, strict=False))
    assert first.tools is second.tools
    assert len(table) == 7


def test_each_distinct_message_is_normalised_once(monkeypatch: Any) -> None:
    """A history of T turns costs T normalisations, not T squared."""
    count = 0
    normalise = chat_messages.text_message

    def counting(raw: Any) -> Any:
        nonlocal count
        count += 1
        return normalise(raw)

    monkeypatch.setattr(chat_messages, "text_message", counting)
    table = MessageTable()
    for turns in range(1, 21):
        ask(CHAT, {"model": "m", "messages": history(turns)}, table)

    assert count == 41


def test_the_order_of_keys_does_not_make_another_message() -> None:
    """Equal content is one object."""
    table = MessageTable()
    messages = [{"role": "user", "content": "x"}, {"content": "x", "role": "user"}]

    first, second = ask(CHAT, {"model": "m", "messages": messages}, table).messages

    assert first is second


def test_an_output_and_its_echo_are_one_object() -> None:
    """What the model said is what the next request repeats, in all three of the large APIs."""
    table = MessageTable()
    chat = {"role": "assistant", "content": "hello", "refusal": None, "annotations": []}
    blocks = [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "hello"}]
    items = [
        {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": '{"a":1}'},
    ]

    said = answered(CHAT, {"model": "m", "messages": []}, {"choices": [{"message": chat}]}, table).output
    assert ask(CHAT, {"model": "m", "messages": [chat]}, table).messages[0] is said

    said = answered(MESSAGES, {"model": "m", "messages": []}, {"content": blocks}, table).output
    assert (
        ask(MESSAGES, {"model": "m", "messages": [{"role": "assistant", "content": blocks}]}, table).messages[0] is said
    )

    said = answered(RESPONSES, {"model": "m", "input": "hi"}, {"output": items}, table).output
    assert ask(RESPONSES, {"model": "m", "input": items}, table).messages[0] is said


def test_what_was_read_is_forgotten_with_the_table() -> None:
    """A session of many tests does not keep the messages of each."""
    table = MessageTable()
    parse_request(request(CHAT, {"model": "m", "messages": history(2)}), table)
    gone = weakref.ref(table)

    del table
    gc.collect()

    assert gone() is None


def test_dialects_do_not_mix_up_what_they_read() -> None:
    """The same raw message means different things in different APIs."""
    table = MessageTable()
    raw = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]}

    assert ask(MESSAGES, {"model": "m", "messages": [raw]}, table).messages[0]["role"] == "tool"
    assert ask(CHAT, {"model": "m", "messages": [raw]}, table).messages[0]["role"] == "user"


def test_tools_that_many_tests_offer_are_read_once_and_are_each_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that changes the tools of its trace changes those of no other; other tools are read anew."""
    monkeypatch.setattr(interning, "_BUILT", {})
    read: list[object] = []

    def schemas(raw: Sequence[Any]) -> interning.Tools:
        read.append(raw)
        return tool_schemas(raw)

    def tools(limit: object) -> interning.Tools:
        parameters = {"type": "object", "limit": limit}
        raw = [{"type": "function", "function": {"name": "f", "parameters": parameters}}]
        return interning.Interner(MessageTable()).tools(raw, schemas)

    seen = [tools(1), tools(1)]
    assert len(read) == 1
    for one in seen:
        assert one == ({"name": "f", "parameters": {"type": "object", "limit": 1}},)
        one[0]["parameters"]["limit"] = 9
    assert tools(1)[0]["parameters"]["limit"] == 1

    assert tools(True)[0]["parameters"]["limit"] is True
    assert len(read) == 2
