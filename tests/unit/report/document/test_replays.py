"""The row of a replay: whatever is made of it is what its payload, made of its whole trace, would have come to."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_llmtrace._capture.assembly.outlining import outline_of
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.outline import Outline
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace._report.document.attempts import Payload, owners, owners_or_replays
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.document.payload import properties
from pytest_llmtrace._report.document.payload_texts import Payloads, as_kept, as_texts, from_texts, read_told
from pytest_llmtrace._report.document.replays import Replay, properties_of, replay_of
from tests.unit.report.builders import call, chat, payload

ONE = "tests/test_a.py::test_one"
CACHED = replace(chat(1)[0], usage=Usage(input_tokens=9, output_tokens=2, cache_read_tokens=4, reasoning_tokens=1))
DRIFT = Drift(kind="prompt", conversation="lead", turn=1, path="messages[0].content", golden="x", observed="y")
ALONE = call(model="other", agent=None, cost=0.1)


def replayed(
    calls: Sequence[LLMCall], golden: Sequence[LLMCall] | None = None, nodeid: str = ONE, kept: Any = None
) -> Any:
    """The row of a test that replayed these calls; `golden` cost something else."""
    made = outline_of(calls)
    outline = Outline.from_data(made.to_data()) if made is not None else None
    assert outline is not None
    before = totals(calls if golden is None else golden)
    on_tape = {"calls": before.calls, "usage": before.usage.to_data(), "priced_usd": before.priced_usd}
    return replay_of(
        nodeid,
        outline,
        [one.cost for one in calls],
        golden={**on_tape, "unpriced_calls": before.unpriced_calls, **(kept or {})},
        files=("g.trace.yaml", "g.tape.json"),
        directory=".",
    )


@pytest.mark.parametrize(
    ("calls", "golden"),
    [
        (chat(1), None),
        (chat(3), None),
        ([CACHED], None),
        ([CACHED, CACHED], [replace(CACHED, cost=0.25), CACHED]),
        ([ALONE], None),
        (chat(1), [replace(chat(1)[0], cost=0.0)]),
        ([replace(chat(1)[0], cost=0.0)], None),
    ],
)
def test_all_that_is_made_of_a_row_is_what_its_payload_comes_to(
    calls: list[LLMCall], golden: list[LLMCall] | None
) -> None:
    """The payload itself, what JUnit is told, and the document, to the last byte; also where prices have changed."""
    row = replayed(calls, golden)
    whole = payload(ONE, calls, golden=golden or calls)
    assert isinstance(row, Replay)
    assert json.dumps(row.payload) == json.dumps(whole)
    assert properties_of(row) == properties(whole) == properties_of(whole)
    around: dict[str, Any] = {"durations": {ONE: 1.23456}, "places": {ONE: ("tests/test_a.py", 7)}}
    assert json.dumps(document([row], {ONE: "passed"}, mode="trace", **around)) == json.dumps(
        document([whole], {ONE: "passed"}, mode="trace", **around)
    )
    assert json.dumps(document([row], {}, mode="trace")) == json.dumps(document([whole], {}, mode="trace"))


@pytest.mark.parametrize(
    ("calls", "kept"),
    [
        ([*chat(1), ALONE], {}),
        ([call(cost=None)], {"unpriced_calls": 0}),
        (chat(1), {"unpriced_calls": 1}),
        (chat(1), {"calls": 2}),
        (chat(1), {"usage": {"input_tokens": 100, "output_tokens": 11}}),
        (chat(1), {"priced_usd": None}),
        (chat(1), {"priced_usd": 1e400}),
        ([call(cost=1e400)], {"priced_usd": 0.1}),
    ],
)
def test_what_a_row_cannot_say_takes_a_payload(calls: list[LLMCall], kept: dict[str, Any]) -> None:
    """Several models, a price that is not known, a golden trace that used something else, numbers that are none."""
    assert replayed(calls, kept=kept) is None


def test_fixtures_have_payloads() -> None:
    """They count in the sums, and in no test."""
    assert replayed(chat(1), nodeid="fixture session client") is None


def test_rows_travel_as_texts_and_stay_as_they_are() -> None:
    """A worker sends texts; what stays in a process is kept as it is. Whoever asks for payloads gets those."""
    row, whole = replayed([CACHED]), payload("b", chat(1))
    (text, _), kept = as_texts([row, whole]), as_kept([row, whole])
    assert (read_told(text), kept) == (row, [row, as_texts([whole])[0]])
    assert len(text) < len(as_texts([row.payload])[0]) / 2
    assert from_texts([text]) == from_texts(kept[:1]) == [row.payload]
    many = Payloads([text, *kept])
    assert (list(many), many[0], many[1:][1]) == ([row.payload, row.payload, whole], row.payload, whole)
    assert [*many.told()] == [row, row, whole]
    for name, text in {"test_ü[\u2028\n]": "test_ü[\u2028\n]", "\ud800": "\\ud800"}.items():
        odd = [replayed(chat(1), nodeid=name)]
        for ways in (as_texts(odd), as_kept(odd)):
            assert from_texts(ways)[0]["nodeid"] == text
            json.dumps(document(Payloads(ways).told(), {}, mode="trace"), ensure_ascii=False).encode()


def test_runs_of_rows_come_to_what_one_payload_after_the_other_does() -> None:
    """Sums are the same floats: models that take turns, tests that drifted or ran again in between, other prices."""
    dice = random.Random(7)
    told: list[Payload | Replay] = []
    for number in range(60):
        cost = dice.random() / 7
        calls = [call(model=dice.choice("aab"), agent=dice.choice([None, "lead"]), cost=cost)] * dice.choice([1, 1, 2])
        golden = dice.choice([None, [replace(one, cost=0.3) for one in calls]])
        row = replayed(calls, golden, nodeid=f"t.py::test_{number % 50:02}")
        told.append(row if number % 9 else payload(row.nodeid, calls, DRIFT, golden=golden or calls))
    whole = [one.payload if isinstance(one, Replay) else one for one in told]
    outcomes = {one["nodeid"]: "passed" for one in whole}
    assert json.dumps(document(told, outcomes, mode="trace")) == json.dumps(document(whole, outcomes, mode="trace"))


def test_an_owner_is_left_as_its_row_where_nothing_else_is_told_of_it() -> None:
    """One that ran again, or whose teardown has a payload of its own, is an owner with payloads."""
    row, late = replayed(chat(1)), payload(ONE, chat(1), phase="teardown")
    assert list(owners_or_replays([row])) == [row]
    assert list(owners([row])) == list(owners([row.payload]))
    for told in ([row, row], [row, late], [payload(ONE), row]):
        whole = [one.payload if isinstance(one, Replay) else one for one in told]
        assert list(owners_or_replays(told)) == list(owners(whole))
