"""The verdict in a sentence, and the figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmtrace._model.findings import Breach, Drift
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.html.headline import facts, headline
from tests.unit.report.builders import chat, payload

DRIFT = Drift(kind="prompt", conversation="lead", turn=1, path="messages[0].content", golden="x", observed="y")
BREACH = Breach(scope="run", what="usd", limit=0.001, value=0.0042)


def run(*rows, mode="trace", **more):
    """A document of tests given as outcome and findings."""
    payloads = [payload(f"t::{at}", chat(1), *findings) for at, (_, *findings) in enumerate(rows)]
    return document(payloads, {f"t::{at}": row[0] for at, row in enumerate(rows)}, mode=mode, **more)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (run(("passed",)), "No drift."),
        (run(), "No model was called."),
        (run(("passed",)) | {"dry_run": {}}, "A dry run: nothing was recorded."),
        (run(("passed", replace(DRIFT, severity="warn"))), "No drift, 1 test with warnings."),
        (run(("failed",)), "1 test failed."),
        (run(("passed",), breaches=[BREACH]), "The run is over budget."),
        (run(("passed",), breaches=[replace(BREACH, scope="tests/a")]), "1 directory is over budget."),
        (run(("passed",), breaches=[replace(BREACH, scope="t.py::a")]), "1 test grew beyond the limit."),
        (
            run(("failed", DRIFT), ("failed", DRIFT), ("error",), breaches=[BREACH]),
            "2 tests drifted, 1 test failed for other reasons and the run is over budget.",
        ),
    ],
)
def test_headline(made, said):
    """The gravest findings first, then other failures, then the budget; or, calmly, that nothing differs."""
    assert headline(made) == said


def test_what_was_recorded():
    """A recording says how many tests were written, and how many are as they were."""
    done = [{"live": 2, "written": "a.trace.yaml"}, {"kept": 1}, {"kept": 2}]
    payloads = [payload(f"t::{at}", chat(1), mode="record", recorded=one) for at, one in enumerate(done)]
    assert headline(document(payloads, {}, mode="record")) == "1 test recorded, 2 tests unchanged."


def test_a_run_that_failed_before_any_test():
    """An exit status without a row to explain it is still said."""
    assert headline(run() | {"exit": "failed"}) == "The run failed."


def test_facts():
    """Tests, calls, tokens and cost, each with what it consists of; an unknown cost is `?` with the known part."""
    live = [replace(chat(1)[0], source="live"), replace(chat(1)[0], source="live", cost=None)]
    made = document([payload("t::a", live), payload("t::b", chat(1))], {}, mode="live")

    assert list(facts(made)) == [
        {"name": "tests", "value": "2", "note": ""},
        {"name": "calls", "value": "3", "note": "2 live"},
        {"name": "tokens", "value": "330", "note": "300 in, 30 out"},
        {"name": "cost", "value": "?", "note": "at least $0.0002, ? (at least $0.0001) paid"},
    ]
    assert [one["note"] for one in facts(run(("passed",)))] == ["", "all replayed", "100 in, 10 out", "nothing paid"]
