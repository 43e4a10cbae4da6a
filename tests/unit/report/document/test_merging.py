"""Documents of shards, added up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_llmtrace._model.findings import Breach, Drift
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.document.merging import in_several, merged_document, merged_rows
from tests.unit.report.builders import call, chat, payload, said

A, B, C = "tests/test_a.py::test_a", "tests/test_a.py::test_b", "tests/b/test_c.py::test_c"
FIXTURE = "fixture session client"
DRIFT = Drift(kind="prompt", conversation="lead", turn=1, path="messages[0].content", golden="x", observed="y")
BUDGET = {"scope": "run", "what": "calls", "limit": 9, "value": 9, "source": "--budget-calls"}


def merged(*shards: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Their sum."""
    known: dict[str, Any] = {"breaches": (), "budgets": (), "incomplete": False}
    tests, fixtures = (merged_rows(shards, part) for part in ("tests", "fixtures"))
    named = {f"{number}.json": shard for number, shard in enumerate(shards, start=1)}
    return merged_document(named, tests, fixtures, **(known | fields))


def live(calls: Any) -> list[Any]:
    """The same calls, paid for."""
    return [replace(one, source="live", duration=0.25) for one in calls]


def test_the_sum_of_shards_is_the_document_of_one_run() -> None:
    """Whatever runs in which shard: every amount, row and total is the same, but that the shards are named."""
    other = call([said("user", "Write.")], said("assistant", "Done."), agent=None, model="m9", cost=None)
    payloads = [
        payload(FIXTURE, [other], golden=[other]),
        payload(A, chat(2), DRIFT, golden=chat(1)),
        payload(B, live([*chat(1), other])),
        payload(B, live(chat(2)), golden=chat(2), would_record=None),
        payload(C, [replace(chat(1)[0], cost=0.0125), other], golden=chat(1)),
    ]
    outcomes = {A: "failed", B: "passed", C: "passed"}
    run: dict[str, Any] = {"mode": "live", "durations": {A: 1.5}, "places": {A: ("tests/test_a.py", 3)}}
    whole = document(payloads, outcomes, budgets=[BUDGET], unused=["z.trace.yaml"], **run)
    parts = [
        document(payloads[:2], {A: "failed"}, unused=["z.trace.yaml"], **run),
        document([payloads[0], payloads[4]], {C: "passed"}, **run),
        document(payloads[2:4], {B: "passed"}, **run),
        document([], {}, **run),
    ]

    made = merged(*parts, budgets=[BUDGET])

    shards = made.pop("shards")
    assert made == whole
    assert [(one["file"], one["exit"], one["tests"], one["calls"], one["cost_usd"]) for one in shards] == [
        ("1.json", "failed", 1, 3, None),
        ("2.json", "ok", 1, 3, None),
        ("3.json", "ok", 1, 2, 0.0002),
        ("4.json", "ok", 0, 0, 0.0),
    ]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_test_that_two_shards_ran_counts_once_and_as_failed(order: tuple[int, int]) -> None:
    """A pass in one shard does not undo a failure in another; what both really paid is added."""
    both = [
        document([payload(A, live(chat(2)), DRIFT)], {A: "failed"}, mode="live"),
        document([payload(A, live(chat(1)))], {A: "passed"}, mode="live"),
    ]
    shards = [both[number] for number in order]

    made = merged(*shards)

    (row,) = made["tests"]
    assert (row["outcome"], row["calls"], made["totals"]["calls"], made["totals"]["tests"]) == ("failed", 2, 2, 1)
    assert row["paid"] == {"live_calls": 3, "live_cost_usd": 0.0003, "live_s": 0.75}
    assert (made["totals"]["live_calls"], made["totals"]["live_cost_usd"]) == (3, 0.0003)
    assert in_several(shards) == [A]
    assert in_several([both[0], document([], {}, mode="live")]) == []


def test_fixtures_of_one_name_in_two_modules_are_two() -> None:
    """What tells them apart is where their golden trace lies."""
    one, other = (document([payload(FIXTURE, chat(1))], {}, mode="trace") for _ in range(2))
    other["fixtures"][0]["golden"] = "elsewhere.trace.yaml"

    assert merged(one, other)["totals"]["calls"] == 2
    assert merged(one, one)["totals"]["calls"] == 1


def test_unused_is_what_no_shard_used() -> None:
    """A cassette that one shard lists is used where another has its test; variants and tapes go with their trace."""
    used = document([payload(A, chat(1))], {A: "passed"}, mode="trace")
    listed = ["g.trace.yaml", "g.tape.json", "g.variant-1.trace.yaml", "gone.trace.yaml"]
    full = document([], {}, mode="trace", unused=listed)

    assert merged(full, used)["unused"] == ["gone.trace.yaml"]
    assert merged(full)["unused"] == sorted(listed)


def test_what_fails_the_whole() -> None:
    """A failed shard, a breach, a missing report; different modes are said to be mixed."""
    ok = document([payload(A, chat(1))], {A: "passed"}, mode="trace")
    failed = document([], {}, mode="live", failed=True)
    breach = Breach(scope="tests", what="calls", limit=1, value=2)

    assert (merged(ok)["exit"], merged(ok)["mode"]) == ("ok", "trace")
    assert (merged(ok, failed)["exit"], merged(ok, failed)["mode"]) == ("failed", "mixed")
    assert merged(ok, incomplete=True)["exit"] == "failed"
    assert merged(ok, breaches=[breach])["breaches"] == [{"scope": "tests", "what": "calls", "limit": 1, "value": 2}]
    assert merged(ok, breaches=[breach])["exit"] == "failed"


def test_dry_runs_add_up() -> None:
    """What recording would take is the sum."""
    would = {"why": "new", "calls": 2, "at_least": False, "cost_usd": 0.5}
    one, other = (document([payload(name, (), would_record=would)], {}, mode="record") for name in (A, B))

    assert merged(one, other)["dry_run"] == {"tests": 2, "calls": 4, "at_least": False, "cost_usd": 1.0}
