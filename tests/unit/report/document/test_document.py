from __future__ import annotations

import gc
import json
from dataclasses import replace

import pytest

from pytest_llmtrace._model import loading
from pytest_llmtrace._model.findings import Breach, Drift
from pytest_llmtrace._report.document.document import document
from tests.unit.report.builders import TEST, call, chat, payload, said

A = "tests/test_a.py::test_a"
B = "tests/test_a.py::test_b"
FIXTURE = "fixture session client"
DRIFT = Drift(kind="prompt", conversation="lead", turn=1, path="messages[0].content", golden="x", observed="y")
USAGE = {"input_tokens": 100, "output_tokens": 10}


def live(calls):
    """The same calls, paid for."""
    return [replace(one, source="live") for one in calls]


def test_whole_document():
    """The document has the totals, rows per model, agent and test, the breaches and the unused cassettes."""
    writer = call([said("user", "Write.")], said("assistant", "Done."), agent="writer", model="m9", cost=0.02)
    budget = {"scope": "run", "what": "usd", "limit": 0.01, "value": 0.0203, "source": "--llm-budget"}
    both = {"calls": 2, "usage": {"input_tokens": 200, "output_tokens": 20}, "cost_usd": 0.0002}

    made = document(
        [payload(B, [*chat(1), writer]), payload(A, chat(2), DRIFT, golden=chat(1))],
        {A: "failed", B: "passed", "tests/test_a.py::test_other": "passed"},
        mode="trace",
        breaches=[Breach(scope="run", what="usd", limit=0.01, value=0.0203, source="--llm-budget")],
        budgets=[budget],
        unused=["b.trace.yaml", "a.trace.yaml"],
        durations={A: 1.23456, "tests/test_a.py::test_other": 9.0},
    )

    assert made == {
        "llmtrace": 1,
        "mode": "trace",
        "exit": "failed",
        "totals": {
            "tests": 2,
            "calls": 4,
            "usage": {"input_tokens": 400, "output_tokens": 40},
            "cost_usd": 0.0203,
            "unpriced_calls": 0,
            "live_calls": 0,
            "live_cost_usd": 0.0,
        },
        "models": [
            {"model": "openai/m9", "calls": 1, "usage": USAGE, "cost_usd": 0.02},
            {
                "model": "openai/gpt-4o-mini",
                "calls": 3,
                "usage": {"input_tokens": 300, "output_tokens": 30},
                "cost_usd": 0.0003,
            },
        ],
        "agents": [
            {"agent": "writer", "calls": 1, "usage": USAGE, "cost_usd": 0.02},
            {"agent": "lead", "calls": 3, "usage": {"input_tokens": 300, "output_tokens": 30}, "cost_usd": 0.0003},
        ],
        "sources": [
            {"source": "tape", "calls": 4, "usage": {"input_tokens": 400, "output_tokens": 40}, "cost_usd": 0.0203},
        ],
        "tests": [
            {
                "nodeid": A,
                "outcome": "failed",
                "mode": "trace",
                "duration_s": 1.235,
                "calls": 2,
                "live_calls": 0,
                "usage": {"input_tokens": 200, "output_tokens": 20},
                "cost_usd": 0.0002,
                "golden": "g.trace.yaml",
                "golden_cost_usd": 0.0001,
                "golden_calls": 1,
                "golden_usage": USAGE,
                "growth": {"tokens": 1.0, "usd": 1.0},
                "findings": [
                    {
                        "type": "drift",
                        "kind": "prompt",
                        "severity": "fail",
                        "conversation": "lead",
                        "turn": 1,
                        "path": "messages[0].content",
                        "golden": "x",
                        "observed": "y",
                        "first": False,
                        "folded": 0,
                        "folded_at": [],
                    }
                ],
                "models": ["openai/gpt-4o-mini"],
                "by_model": [{"model": "openai/gpt-4o-mini", **both}],
                "by_agent": [{"agent": "lead", **both}],
                "by_source": [{"source": "tape", **both}],
            },
            {
                "nodeid": B,
                "outcome": "passed",
                "mode": "trace",
                "calls": 2,
                "live_calls": 0,
                "usage": {"input_tokens": 200, "output_tokens": 20},
                "cost_usd": 0.0201,
                "golden": "g.trace.yaml",
                "golden_cost_usd": None,
                "findings": [],
                "models": ["openai/gpt-4o-mini", "openai/m9"],
                "by_model": [
                    {"model": "openai/m9", "calls": 1, "usage": USAGE, "cost_usd": 0.02},
                    {"model": "openai/gpt-4o-mini", "calls": 1, "usage": USAGE, "cost_usd": 0.0001},
                ],
                "by_agent": [
                    {"agent": "writer", "calls": 1, "usage": USAGE, "cost_usd": 0.02},
                    {"agent": "lead", "calls": 1, "usage": USAGE, "cost_usd": 0.0001},
                ],
                "by_source": [
                    {
                        "source": "tape",
                        "calls": 2,
                        "usage": {"input_tokens": 200, "output_tokens": 20},
                        "cost_usd": 0.0201,
                    }
                ],
            },
        ],
        "breaches": [{"scope": "run", "what": "usd", "limit": 0.01, "value": 0.0203, "source": "--llm-budget"}],
        "budgets": [budget],
        "unused": ["a.trace.yaml", "b.trace.yaml"],
        "growth": {
            "tests": 1,
            "tokens": 1.0,
            "usd": 1.0,
            "golden": {"calls": 1, "usage": USAGE, "cost_usd": 0.0001},
            "observed": {"calls": 2, "usage": {"input_tokens": 200, "output_tokens": 20}, "cost_usd": 0.0002},
        },
    }
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_unknown_prices():
    """A sum with an unknown price in it is null, with the known part beside it, everywhere it occurs."""
    calls = [chat(1)[0], replace(chat(1)[0], cost=None, model="m9", source="live", duration=2.5)]

    made = document(
        [payload(A, calls)],
        {A: "passed"},
        mode="live",
        breaches=[Breach(scope="run", what="usd", limit=1, value=None, models=("openai/m9",), refused=True)],
    )

    assert made["totals"] == {
        "tests": 1,
        "calls": 2,
        "usage": {"input_tokens": 200, "output_tokens": 20},
        "cost_usd": None,
        "priced_usd": 0.0001,
        "unpriced_calls": 1,
        "live_calls": 1,
        "live_cost_usd": None,
        "live_priced_usd": 0.0,
        "live_s": 2.5,
    }
    assert made["models"] == [
        {"model": "openai/gpt-4o-mini", "calls": 1, "usage": USAGE, "cost_usd": 0.0001},
        {
            "model": "openai/m9",
            "calls": 1,
            "usage": USAGE,
            "cost_usd": None,
            "priced_usd": 0.0,
            "live_calls": 1,
            "live_s": 2.5,
        },
    ]
    assert (made["tests"][0]["cost_usd"], made["tests"][0]["priced_usd"]) == (None, 0.0001)
    assert made["breaches"] == [
        {"scope": "run", "what": "usd", "limit": 1, "value": None, "models": ["openai/m9"], "refused": True}
    ]


def test_fixtures_count_in_totals_only():
    """Calls of a wider fixture are in the totals and the models, not in a test's calls; its findings are kept."""
    made = document([payload(FIXTURE, chat(2), DRIFT), payload(A, chat(1))], {A: "passed"}, mode="trace")

    assert (made["totals"]["tests"], made["totals"]["calls"]) == (1, 3)
    assert made["models"][0]["calls"] == 3
    assert [(row["nodeid"], row["calls"]) for row in made["tests"]] == [(A, 1)]
    assert [(row["nodeid"], row["calls"], row["outcome"]) for row in made["fixtures"]] == [(FIXTURE, 2, "failed")]
    assert made["exit"] == "failed"


def test_reruns():
    """The last attempt says what was found and called; what earlier attempts paid still counts as paid."""
    first = payload(A, live(chat(3)), DRIFT)
    second = payload(A, live(chat(2)))

    made = document([first, second], {A: "passed"}, mode="live")

    assert made["exit"] == "ok"
    assert made["tests"][0]["findings"] == []
    assert (made["tests"][0]["calls"], made["tests"][0]["live_calls"]) == (2, 2)
    assert {key: made["totals"][key] for key in ("calls", "cost_usd", "live_calls", "live_cost_usd")} == {
        "calls": 2,
        "cost_usd": 0.0002,
        "live_calls": 5,
        "live_cost_usd": 0.0005,
    }


def test_calls_after_the_judgement():
    """What came in the teardown adds to its attempt, also after a rerun."""
    made = document(
        [
            payload(A, chat(1)),
            payload(A, chat(1), phase="teardown"),
            payload(A, chat(2)),
            payload(A, chat(1), DRIFT, phase="teardown"),
        ],
        {A: "passed"},
        mode="trace",
    )

    assert made["tests"][0]["calls"] == 3
    assert len(made["tests"][0]["findings"]) == 1
    assert made["exit"] == "failed"


def test_recorded():
    """In record mode a row says what was kept, paid and written, payments of earlier attempts included."""
    work = {"kept": 1, "live": 2, "from_journal": 0, "written": True}

    made = document(
        [payload(A, live(chat(1)), recorded=work), payload(A, live(chat(2)), recorded=work)],
        {A: "passed"},
        mode="record",
    )

    assert made["tests"][0]["recorded"] == {**work, "live": 4, "live_calls": 3, "live_cost_usd": 0.0003}


def test_what_this_run_has_paid_for_is_not_from_the_journal():
    """A rerun answers from the journal what the attempt before it paid for; what lay there before is told apart."""
    first = {"kept": 0, "live": 2, "from_journal": 1, "written": False, "waiting": True}
    last = {"kept": 0, "live": 1, "from_journal": 3, "written": True}

    made = document([payload(A, recorded=first), payload(A, recorded=last)], {A: "passed"}, mode="record")

    said = made["tests"][0]["recorded"]
    assert (said["live"], said["from_journal"], said["written"]) == (3, 1, True)


def test_same_document_under_xdist():
    """Payloads in any order, and a session fixture replayed by each worker, give the document of a single process."""
    alone = [payload(FIXTURE, chat(2)), payload(A, chat(1)), payload(B, chat(3))]
    workers = [payload(B, chat(3)), payload(FIXTURE, chat(2)), payload(A, chat(1)), payload(FIXTURE, chat(2))]

    assert document(alone, {}, mode="trace") == document(workers, {}, mode="trace")


def test_fixtures_of_one_name():
    """Two modules may have a fixture of one name: what differs is its golden file."""
    one, other = payload("fixture module client", chat(1)), payload("fixture module client", chat(2))
    other["golden"] = "other.trace.yaml"

    made = document([one, other], {}, mode="trace")

    assert [row["calls"] for row in made["fixtures"]] == [1, 2]


@pytest.mark.parametrize(
    ("outcome", "found", "exit_"),
    [
        ("passed", False, "ok"),
        ("failed", False, "failed"),
        ("error", False, "failed"),
        ("passed", True, "failed"),
        ("xfailed", True, "ok"),
        ("skipped", True, "ok"),
        (None, True, "failed"),
        (None, False, "ok"),
    ],
)
def test_exit(outcome, found, exit_):
    """A run fails by a failed test or by a finding that fails one, unless the test was expected to fail."""
    outcomes = {} if outcome is None else {A: outcome}

    made = document([payload(A, chat(1), *([DRIFT] if found else []))], outcomes, mode="trace")

    assert made["exit"] == exit_
    assert made["tests"][0]["outcome"] == (outcome or "unknown")


def test_findings_that_do_not_fail():
    """Warnings, accepted drift and breaches that only warn leave the run as it is."""
    made = document(
        [payload(A, chat(1), replace(DRIFT, severity="warn"), replace(DRIFT, severity="ignore"))],
        {A: "passed"},
        mode="record",
        breaches=[Breach(scope="run", what="growth", limit=0.1, value=0.2, severity="warn")],
    )

    assert made["exit"] == "ok"


def test_nothing_traced():
    """A run without traced tests has an empty document."""
    assert document([], {}, mode="off") == {
        "llmtrace": 1,
        "mode": "off",
        "exit": "ok",
        "totals": {
            "tests": 0,
            "calls": 0,
            "usage": {"input_tokens": 0, "output_tokens": 0},
            "cost_usd": 0.0,
            "unpriced_calls": 0,
            "live_calls": 0,
            "live_cost_usd": 0.0,
        },
        "models": [],
        "agents": [],
        "sources": [],
        "tests": [],
        "breaches": [],
        "unused": [],
    }


@pytest.mark.parametrize("failed", [False, True])
def test_a_run_that_failed_for_another_reason(failed):
    """A test file that cannot be imported, or an interrupt, is no success, whatever the tests say."""
    made = document([payload(A, chat(1))], {A: "passed"}, mode="trace", failed=failed)

    assert made["exit"] == ("failed" if failed else "ok")


def test_rows_add_up():
    """A row says what it is the sum of, what its calls without a price are, what was paid, and where a fixture is."""
    unknown = replace(chat(1)[0], cost=None, model="m9", agent=None)
    made = document(
        [payload(A, live([*chat(1), unknown])), payload(A, live([unknown])), payload(FIXTURE, chat(1, agent=None))],
        {A: "passed"},
        mode="live",
    )

    (row,), (fixture,) = made["tests"], made["fixtures"]
    unpriced = {"calls": 1, "usage": USAGE, "cost_usd": None, "priced_usd": 0.0, "unpriced_calls": 1}
    unpriced |= {"live_calls": 1, "live_s": 0.0}
    assert row["by_model"] == [{"model": "openai/m9", **unpriced}]
    assert row["unpriced_calls"] == 1
    assert row["paid"] == {"live_calls": 3, "live_cost_usd": None, "live_priced_usd": 0.0001, "live_s": 0.0}
    assert "by_agent" not in row
    assert fixture["directory"] == "."
    assert fixture["by_model"] == [{"model": "openai/gpt-4o-mini", "calls": 1, "usage": USAGE, "cost_usd": 0.0001}]


def test_a_document_is_drawn_without_looking_for_garbage(monkeypatch):
    """All of it stays, so a collection finds none of it; of thousands of tests it would be looked at many times."""
    collects = []

    class Watched(list):
        def __iter__(self):
            collects.append(gc.isenabled())
            return super().__iter__()

    monkeypatch.setattr(loading, "_SEEN", loading._Seen(frozen=True))  # what the suite froze stays so
    before = gc.isenabled()
    gc.enable()
    try:
        document(Watched([payload(TEST, chat(1))]), {}, mode="trace")
        assert (collects, gc.isenabled()) == ([False], True)
    finally:
        (gc.enable if before else gc.disable)()
