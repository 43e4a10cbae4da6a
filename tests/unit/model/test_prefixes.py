"""What two histories have in common, and what grouping calls by it costs."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model import grouping
from pytest_llmtrace._model.conversations import conversations, history
from pytest_llmtrace._model.messages import Message, message
from pytest_llmtrace._model.prefixes import History, common_prefix, shared_prefix
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


steps = st.tuples(st.integers(0, 9), st.integers(0, 9), st.lists(st.sampled_from(KNOWN), max_size=2))


@given(made=st.lists(steps, max_size=12))
def test_histories_of_one_line_begin_with_each_other(made: list[tuple[int, int, list[Message]]]) -> None:
    """However histories go on, fork and go back: what they know of each other is what comparing finds."""
    known: list[tuple[Message, ...]] = [()]
    for which, most, new in made:
        before = known[which % len(known)]
        kept = min(most, len(before))
        known.append(History.after(before, kept, new))
        assert known[-1] == (*before[:kept], *new)
    for one, other in itertools.product(known, repeat=2):
        assert shared_prefix(one, other) == shared_prefix(list(one), list(other))


def test_threads_that_go_on_from_one_history_part_there() -> None:
    """Of many threads one goes on with the line; the histories of the others do not pass for its beginning."""
    start = History.after((), 0, KNOWN)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda at: History.after(start, 3, [KNOWN[at % 3]]), range(300)))
    for one, other in itertools.pairwise(made):
        assert shared_prefix(one, other) == (4 if one[3] is other[3] else 3)


def test_a_history_is_a_tuple_in_all_else() -> None:
    """Users, JSON and pickle get the tuple that a call's messages always were; no copy of it claims a line."""
    made = History.after((), 0, KNOWN)
    assert (made, hash(made), made[1:], [*made]) == (tuple(KNOWN), hash(tuple(KNOWN)), (KNOWN[1], KNOWN[2]), KNOWN)
    assert json.dumps(made) == json.dumps(KNOWN)
    assert type(made).__name__ == "tuple"  # snapshots of a value show it
    plain: list[Any] = [made[:], tuple(made), copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))]
    assert [type(one) for one in plain] == [tuple] * len(plain)
    assert plain == [made] * len(plain)


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
