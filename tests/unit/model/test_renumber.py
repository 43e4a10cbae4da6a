"""A trace without what its run made up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.messages import Message, message
from pytest_llmtrace._model.renumber import renumber
from pytest_llmtrace._model.trace import AnyEntry, Event, LLMCall, ToolCall, Trace

USER = message({"role": "user", "content": "hi"})
UUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"


def asks(*ids: str, arguments: str = "{}") -> Message:
    """An answer that requests a tool once for each id."""
    calls = [{"id": one, "type": "function", "function": {"name": "f", "arguments": arguments}} for one in ids]
    return message({"role": "assistant", "tool_calls": calls})


def told(call_id: str) -> Message:
    """A tool's answer."""
    return message({"role": "tool", "content": "ok", "tool_call_id": call_id})


def trace(*entries: AnyEntry) -> Trace:
    """A trace of these entries."""
    return Trace(owner="t", entries=entries)


def test_ids_are_numbered_everywhere_alike() -> None:
    """An id has one number in the answer, in later histories, in the tool's answer and at the execution."""
    first = LLMCall(messages=(USER,), output=asks("toolu_x", "toolu_y"))
    run = ToolCall(name="f", call_id="toolu_y", executed=True)
    second = LLMCall(messages=(USER, asks("toolu_x", "toolu_y"), told("toolu_y"), told("toolu_x")))
    assert renumber(trace(first, run, second)) == trace(
        LLMCall(messages=(USER,), output=asks("call_1", "call_2")),
        ToolCall(name="f", call_id="call_2", executed=True),
        LLMCall(messages=(USER, asks("call_1", "call_2"), told("call_2"), told("call_1"))),
    )


def test_numbers_do_not_depend_on_the_interleaving() -> None:
    """Parallel conversations are numbered one after the other, in whatever order their calls came."""
    lead = [LLMCall(agent="lead", session="s", messages=(USER,), output=asks(name)) for name in ("x", "z")]
    other = LLMCall(agent="other", session="s", messages=(USER,), output=asks("y"))
    for entries in ((lead[0], other, lead[1]), (lead[0], lead[1], other)):
        made = renumber(trace(*entries))
        assert {call.agent: call.output for call in made.calls} == {"lead": asks("call_2"), "other": asks("call_3")}


def test_twice_is_once() -> None:
    """Numbering a numbered trace changes nothing."""
    once = renumber(trace(LLMCall(messages=(USER, asks("b", "a"), told("a")), output=asks("c"))))
    assert renumber(once) == once


def test_different_ids_never_become_one() -> None:
    """An id that looks like a number of ours is renumbered too."""
    made = renumber(trace(LLMCall(messages=(USER, asks("x")), output=asks("call_1"))))
    assert made.calls[0].messages[1] == asks("call_1")
    assert made.calls[0].output == asks("call_2")


def test_random_labels_are_numbered() -> None:
    """UUIDs in sessions, parents and tasks are renumbered, the rest of the labels stays."""
    entries: list[AnyEntry] = [
        LLMCall(session=f"chat {UUID}", agent="lead", task="refund", messages=(USER,)),
        Event(name="x", parent=UUID, session=UUID.replace("-", "")),
    ]
    assert renumber(trace(*entries)) == trace(
        LLMCall(session="chat id_1", agent="lead", task="refund", messages=(USER,)),
        Event(name="x", parent="id_1", session="id_2"),
    )


@pytest.mark.parametrize(
    ("arguments", "spelled"),
    [
        ('{"a":1,"b":[1,2]}', '{"a": 1, "b": [1, 2]}'),
        ('{\n  "a": "\\u00e4"\n}', '{"a": "ä"}'),
        ("[1,2]", "[1, 2]"),
        ('{"a": 1, "a": 2}', '{"a": 1, "a": 2}'),
        ('{"a":NaN}', '{"a":NaN}'),
        ('{"a":1e999}', '{"a":1e999}'),
        ("not json", "not json"),
        ("1.50", "1.50"),
        ("", ""),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_arguments_are_evenly_spaced(arguments: str, spelled: str) -> None:
    """JSON arguments are spelled one way; what would lose something stays as it is."""
    made = renumber(trace(LLMCall(messages=(USER,), output=asks("call_1", arguments=arguments))))
    assert made.calls[0].output == asks("call_1", arguments=spelled)


def test_an_answer_that_a_framework_printed_again_is_the_same_answer() -> None:
    """A history that repeats an answer with other white space in its arguments continues the conversation whole."""
    sent, repeated = asks("x", arguments='{"a":1}'), asks("x", arguments='{"a": 1}')
    made = renumber(trace(LLMCall(messages=(USER,), output=sent), LLMCall(messages=(USER, repeated, told("x")))))
    (conversation,) = conversations(made.calls)
    assert [turn.kept for turn in conversation.turns] == [0, 2]


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "assistant", "tool_calls": "odd"},
        {"role": "assistant", "tool_calls": [None, 1, {"id": 7}, {"id": ""}, {"function": None}, {"function": {}}]},
        {"role": "tool", "tool_call_id": 7},
        {"role": "tool", "tool_call_id": ""},
    ],
)
def test_odd_messages_are_left_alone(fields: dict[str, Any]) -> None:
    """What has not the documented shape is kept as it is."""
    entry = LLMCall(messages=(Message(fields), USER), output=Message(fields))
    assert renumber(trace(entry)) == trace(entry)


def test_each_distinct_message_is_made_once() -> None:
    """Histories of the new trace share their messages, and messages without ids are the old objects."""
    answer, result = asks("x"), told("x")
    history = (USER, answer, result)
    made = renumber(trace(*(LLMCall(messages=(*history, USER) * (turn + 1)) for turn in range(5))))
    assert len({id(one) for call in made.calls for one in call.messages}) == 3
    assert made.calls[0].messages[0] is USER


def test_a_call_that_stands_twice_is_two_calls() -> None:
    """The same call object given twice is numbered like two calls."""
    call = LLMCall(messages=(USER,), output=asks("x"))
    made = renumber(trace(call, call))
    assert [one.output for one in made.calls] == [asks("call_1"), asks("call_1")]
    assert made.calls[0] is not made.calls[1]


def test_arguments_keep_their_order() -> None:
    """The keys of arguments stay in the order in which the model gave them."""
    made = renumber(trace(LLMCall(messages=(USER,), output=asks("x", arguments='{"b":1,"a":2}'))))
    output = made.calls[0].output
    assert output is not None
    assert list(json.loads(output["tool_calls"][0]["function"]["arguments"])) == ["b", "a"]


def test_a_call_in_which_nothing_changes_is_the_same_object() -> None:
    """So what was made of it (its conversation) is known already; a call with random ids is another one."""
    plain = LLMCall(operation="chat", provider="p", model="m", messages=(USER,), output=told_by_nobody())
    asking = LLMCall(operation="chat", provider="p", model="m", messages=(told("x"),), output=asks("abc"))
    made = renumber(trace(plain, asking)).entries
    assert [one is before for one, before in zip(made, (plain, asking), strict=True)] == [True, False]


def told_by_nobody() -> Message:
    """An answer that asks for nothing."""
    return message({"role": "assistant", "content": "hello"})
