"""Which recorded call answers best for a request that is not recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_llmtrace._compare.nearest.calls import NearestCalls
from pytest_llmtrace._model.messages import MessageTable, message
from pytest_llmtrace._model.trace import LLMCall

PLACE = "api.test/v1/chat"
TABLE = MessageTable()


def call(*texts: str, output: str = "fine", **fields: Any) -> LLMCall:
    """A call whose history alternates between user and assistant, after a system message."""
    roles = ["system", *("user", "assistant") * len(texts)]
    said = [TABLE.intern(message({"role": role, "content": text})) for role, text in zip(roles, texts, strict=False)]
    answer = TABLE.intern(message({"role": "assistant", "content": output}))
    return LLMCall(**{"model": "m", "messages": tuple(said), "output": answer} | fields)


def conversation(system: str, asked: Sequence[str], **fields: Any) -> list[LLMCall]:
    """The calls of one growing conversation."""
    calls, history = [], [system]
    for number, text in enumerate(asked):
        history.append(text)
        calls.append(call(*history, output=f"{text} answered {number}", **fields))
        history.append(f"{text} answered {number}")
    return calls


def index(*calls: LLMCall, place: str = PLACE) -> NearestCalls:
    """An index of these calls, recorded in this order."""
    return NearestCalls((position, place, one) for position, one in enumerate(calls))


LEAD = conversation("You lead.", ["plan the trip", "book the hotel", "send the bill"])
HELPER = conversation("You help.", ["plan the trip", "find a train"])
RECORDED = [*LEAD, *HELPER]


@pytest.mark.parametrize(
    ("asked", "position"),
    [
        (call("You lead well.", "plan the trip"), 0),
        (call("You lead.", "plan the long trip"), 0),
        (call("You lead well.", "plan the trip", "plan the trip answered 0", "book the hotel"), 1),
        (call("You lead.", "plan the trip", "plan the trip answered 0", "book the best hotel"), 1),
        (call("You help.", "plan a trip"), 3),
        (call("You help.", "plan the trip", "plan the trip answered 0", "find a bus"), 4),
    ],
)
def test_shared_history_and_alike_messages_decide(asked: LLMCall, position: int) -> None:
    """A changed prompt, question or turn finds the recorded call that it was made of."""
    assert index(*RECORDED).nearest(asked, PLACE) == position


def test_the_conversation_that_goes_on_comes_first() -> None:
    """A request that continues one which was answered stays in its conversation, whatever else is more alike."""
    found = index(*RECORDED)
    first = call("You help and lead.", "plan the trip")
    found.answered(first, 3)
    goes_on = call("You help and lead.", "plan the trip", "plan the trip answered 0", "book the hotel")
    assert found.nearest(goes_on, PLACE) == 4
    assert index(*RECORDED).nearest(goes_on, PLACE) == 1


def test_what_was_not_asked_yet_is_preferred() -> None:
    """Of equal calls the first one answers, then the next."""
    same = [call("You lead.", "again", output=str(number)) for number in range(2)]
    found, asked = index(*same), call("You lead.", "once more")
    assert found.nearest(asked, PLACE) == 0
    found.answered(asked, 0)
    assert found.nearest(call("You lead.", "and once more"), PLACE) == 1


@pytest.mark.parametrize("fields", [{"streamed": True}, {"operation": "responses"}])
def test_only_an_answer_of_the_same_form_will_do(fields: dict[str, Any]) -> None:
    """A stream is not answered in one piece, nor one API in the words of another."""
    asked = replace(call("You lead.", "plan the trip"), **fields)
    assert index(*RECORDED).nearest(asked, PLACE) is None
    assert index(*RECORDED, asked).nearest(asked, PLACE) == len(RECORDED)


def test_embeddings_of_as_many_texts_will_do() -> None:
    """An answer with one vector is no answer to two texts."""
    one, two = (call(*texts, operation="embeddings") for texts in (("a",), ("a", "b")))
    assert index(one).nearest(two, PLACE) is None
    assert index(one, two).nearest(call("c", "d", operation="embeddings"), PLACE) == 1


def test_place_and_model_come_before_what_is_said() -> None:
    """Two providers or models that are asked the same are not taken for each other."""
    other = replace(LEAD[0], model="n")
    asked = call("You lead well.", "plan it", model="n")
    assert index(LEAD[0], other).nearest(asked, PLACE) == 1
    found = NearestCalls([(0, "other.test/v1/chat", other), (1, PLACE, LEAD[0])])
    assert found.nearest(asked, PLACE) == 1


def test_a_recorded_call_answers_so_many_times() -> None:
    """With a limit, the next nearest answers, and in the end none."""
    found = index(*LEAD[:2])
    asked = call("You lead.", "plan the trips")
    given = []
    while (position := found.nearest(asked, PLACE, most=2)) is not None:
        given.append(position)
        found.answered(asked, position)
    assert sorted(given) == [0, 0, 1, 1]
