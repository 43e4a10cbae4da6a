"""Keeping the order of an old file."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.messages import message
from pytest_llmtrace._model.trace import AnyEntry, Event, LLMCall, ToolCall, Trace
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._store.cassettes import Recorded, load_golden, write
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace._store.ordering import in_old_order, interactions_in_old_order, trace_in_old_order
from pytest_llmtrace._store.paths import Cassette
from tests.unit.store import PROPERTY
from tests.unit.store.exchanges import interaction
from tests.unit.store.traces import traces


@pytest.mark.parametrize(
    ("old", "new", "order"),
    [
        ("", "abc", "abc"),
        ("abc", "cba", "abc"),
        ("abc", "ca", "ac"),
        ("abc", "cxba", "abcx"),
        ("abc", "xcba", "xabc"),
        ("ab", "bxya", "abxy"),
        ("aab", "baa", "aab"),
        ("ab", "aba", "aba"),
        ("ab", "baa", "aab"),
    ],
)
def test_in_old_order(old: str, new: str, order: str) -> None:
    """What was there before keeps its order; what is new stays behind what it came after."""
    positions = in_old_order(old, new, list(new))
    assert "".join(new[position] for position in positions) == order
    assert sorted(positions) == list(range(len(new)))


def test_a_new_item_stays_behind_its_group() -> None:
    """An item that is new does not get in front of its own group, wherever its neighbour goes."""
    groups = ["A", "B", "A"]
    assert in_old_order(["b1", "a1"], ["a1", "b1", "a2"], groups) == [1, 0, 2]


def test_interactions_with_one_key_keep_their_order() -> None:
    """Interactions take the order of the old tape by key; equal requests stay in the order in which they were made."""
    old = [interaction(0, key=key) for key in "abb"]
    new = [interaction(number, key=key) for number, key in enumerate("bxabb")]
    assert [(one.key, one.request.body) for one in interactions_in_old_order(old, new)] == [
        ("a", b"2"),
        ("b", b"0"),
        ("x", b"1"),
        ("b", b"3"),
        ("b", b"4"),
    ]


def call(agent: str | None, *texts: str, answer: str = "ok", **others: Any) -> LLMCall:
    """An LLM call; texts are sent in turn by the user and the assistant."""
    roles = ["user", "assistant"] * len(texts)
    messages = tuple(message({"role": role, "content": text}) for role, text in zip(roles, texts, strict=False))
    return LLMCall(agent=agent, messages=messages, output=message({"role": "assistant", "content": answer}), **others)


def trace(*entries: AnyEntry) -> Trace:
    """A trace of these entries."""
    return Trace(owner="t", entries=entries)


A1, A2, A3 = call("a", "1"), call("a", "1", "ok", "2"), call("a", "1", "ok", "2", "ok", "3")
B1, B2 = call("b", "1"), call("b", "1", "ok", "2")


def test_parallel_conversations_keep_the_old_interleaving() -> None:
    """Conversations that ran in parallel are written in the order of the old file."""
    assert trace_in_old_order(trace(A1, B1, A2, B2), trace(B1, B2, A1, A2)) == trace(A1, B1, A2, B2)


def test_new_turns_follow_their_conversation() -> None:
    """A turn that is new stays behind its conversation and the entry that it came after."""
    assert trace_in_old_order(trace(B1, A1), trace(A1, B1, A2)) == trace(B1, A1, A2)
    assert trace_in_old_order(trace(A1, B1, B2, A2), trace(B1, A1, A2, A3, B2)) == trace(A1, B1, B2, A2, A3)


def test_new_conversations_stay_where_they_were() -> None:
    """A conversation that is new stays behind the entry that it came after."""
    other = call("c", "new")
    assert trace_in_old_order(trace(A1, B1), trace(B1, other, A1)) == trace(A1, B1, other)


def test_executions_and_events_keep_their_place() -> None:
    """Tool executions and events take the order of the old file too, whatever their ids."""
    run, end = ToolCall(name="f", arguments={"x": 1}, call_id="c1", executed=True), Event(name="end")
    again = ToolCall(name="f", arguments={"x": 1}, call_id="c2", executed=True)
    assert trace_in_old_order(trace(A1, run, B1, end), trace(B1, A1, again, end)) == trace(A1, again, B1, end)


def test_random_ids_do_not_hide_a_conversation() -> None:
    """A conversation is recognised although its session label and tool-call ids are new in every run."""
    old, new = (
        [
            call(None, text, session=f"run {digit * 7}{number}-0000-0000-0000-000000000000", model=text)
            for number, text in enumerate(("one", "two"))
        ]
        for digit in "ab"
    )
    assert [one.model for one in trace_in_old_order(trace(*old), trace(*reversed(new))).calls] == ["one", "two"]


@PROPERTY
@given(st.data())
def test_conversations_survive(data: st.DataObject) -> None:
    """Whatever the old order was, all entries are there once, and the conversations are those of the new trace."""
    new = data.draw(traces())
    old = Trace(owner="t", entries=tuple(data.draw(st.permutations(new.entries))))
    made = trace_in_old_order(old, new)
    assert sorted(map(id, made.entries)) == sorted(map(id, new.entries))
    assert members(made) == members(new)


def members(trace: Trace) -> set[tuple[int, ...]]:
    """The calls of each conversation of a trace."""
    return {tuple(id(call) for call in one.calls) for one in conversations(trace.calls)}


def test_members_of_a_fan_out_are_written_in_one_order(tmp_path: Path) -> None:
    """Threads begin in any order: the golden trace is the same, byte for byte, and marks the fan-out."""
    question = message({"role": "user", "content": "Which?"})
    answers = [message({"role": "assistant", "content": f"I am {name} and say so."}) for name in "abc"]
    members = [
        LLMCall(model=name, messages=(question,), output=answer) for name, answer in zip("abc", answers, strict=True)
    ]
    quoted = "\n".join(answer.text for answer in answers)
    merged = LLMCall(model="judge", messages=(message({"role": "user", "content": quoted}),))
    texts = set()
    for number, order in enumerate(permutations(members)):
        cassette = Cassette.at(tmp_path, f"test_{number}")
        trace = Trace(owner="t", entries=(*order, merged))
        write(cassette, Recorded(golden=Golden(test="t", trace=trace, totals=Totals()), interactions=(), meta={}))
        texts.add(cassette.golden.read_text())
        assert load_golden(cassette.golden).trace.calls == (*members, merged)
    (text,) = texts
    assert "fan_outs: [1.1 2.1 3.1 -> 4.1]\n" in text
