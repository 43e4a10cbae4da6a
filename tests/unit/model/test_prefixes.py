"""What two histories have in common, and what grouping calls by it costs."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model import grouping
from pytest_llmtrace._model.conversations import conversations, history
from pytest_llmtrace._model.messages import Message, message
from pytest_llmtrace._model.prefixes import common_prefix, shared_prefix
from pytest_llmtrace._model.trace import LLMCall, Trace
from tests.unit.compare.strategies import traces

KNOWN = [message({"role": "user", "content": text}) for text in "abc"]
histories = st.lists(st.sampled_from(KNOWN), max_size=400)


def copied(one: Message) -> Message:
    """An equal message that is another object."""
    return Message(dict(one))


@given(same=histories, first=histories, second=histories, copies=st.sets(st.integers(0, 399), max_size=3))
def test_prefixes_are_counted(
    same: list[Message], first: list[Message], second: list[Message], copies: set[int]
) -> None:
    """Equal messages count, as the same objects or not; of the same objects, those before the first copy."""
    one = [*same, *first]
    other = [copied(item) if at in copies else item for at, item in enumerate([*same, *second])]
    pairs = list(zip(one, other, strict=False))
    assert common_prefix(one, other) == next(
        (at for at, (here, there) in enumerate(pairs) if here.digest != there.digest), len(pairs)
    )
    assert shared_prefix(one, other) == next(
        (at for at, (here, there) in enumerate(pairs) if here is not there), len(pairs)
    )


def test_grouping_looks_once_at_each_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a growing conversation, each call costs what it added: two hundred histories are not hashed anew."""
    seen: list[object] = []
    real = grouping._Histories._key
    monkeypatch.setattr(grouping._Histories, "_key", lambda self, one: seen.append(one) or real(self, one))
    history: tuple[Message, ...] = (message({"role": "system", "content": "s"}),)
    calls = []
    for number in range(200):
        history = (*history, message({"role": "user", "content": f"q{number}"}))
        answer = message({"role": "assistant", "content": f"a{number}"})
        calls.append(LLMCall(provider="p", model="m", messages=history, output=answer))
        history = (*history, answer)
    assert grouping.grouped(calls) == [calls]
    assert len(seen) <= 3 * len(history)


@given(observed=traces())
def test_what_a_turn_keeps_is_what_it_begins_with_of_the_history_before(observed: Trace) -> None:
    """Whatever links say, they save a comparison only where its outcome is known."""
    for one in conversations(observed.calls):
        kept = [0, *(common_prefix(history(a), b.messages) for a, b in itertools.pairwise(one.calls))]
        assert [turn.kept for turn in one.turns] == kept
