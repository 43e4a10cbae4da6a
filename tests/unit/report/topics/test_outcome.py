from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_llmtrace._model.findings import Breach, Bypass, Drift, NoCassette
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.topics.outcome import outcome_sentence
from tests.unit.report.builders import GOLDEN, chat, payload

DRIFT = Drift(kind="prompt", conversation="main", turn=1, path="messages[0].content", golden="a", observed="b")
WARNING = replace(DRIFT, severity="warn")
BREACH = Breach(scope="run", what="usd", limit=0.0001, value=0.0002)


def made(*findings: Any, outcomes: dict[str, str] | None = None, mode: str = "trace", **fields: Any) -> dict[str, Any]:
    """The document of a run of three tests, of which the first has these findings."""
    names = ("t.py::a", "t.py::b", "t.py::c")
    payloads = [payload(name, chat(1), *(findings if name == "t.py::a" else ())) for name in names]
    return document(payloads, outcomes or {}, mode=mode, **fields)


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (made(), "no drift, no budget breached."),
        (made(mode="record"), "recorded."),
        (made(WARNING), "1 of 3 tests with warnings, none failed."),
        (made(DRIFT), "1 of 3 tests drifted."),
        (made(Bypass(what="socket")), "1 of 3 tests with traffic past the tape."),
        (made(Bypass(what="", expected=2)), "1 of 3 tests with fewer LLM calls than expected."),
        (
            made(DRIFT, NoCassette(cassette=GOLDEN), outcomes={"t.py::b": "failed"}, breaches=[BREACH]),
            "1 of 3 tests drifted, 1 without a recording, 1 failed for other reasons; "  # noqa: ISC004  # one sentence
            "the budget of the run is breached.",
        ),
        (made(breaches=[BREACH]), "the budget of the run is breached."),
        (made(breaches=[replace(BREACH, scope="tests/x", value=None)]), "the budget of tests/x cannot be checked."),
        (made(breaches=[BREACH, replace(BREACH, scope="tests/x")]), "2 budgets are breached."),
        (made(outcomes={"t.py::b": "error"}), "1 of 3 tests failed for other reasons."),
        (
            made(outcomes={"other.py::x": "failed"}),
            "no finding in LLM calls: tests without any, or what surrounds them, failed.",
        ),
        (document([payload("fixture session x", [], DRIFT)], {}, mode="trace"), "1 fixture drifted."),
    ],
)
def test_the_outcome_in_a_sentence(run, sentence):
    """The sentence counts tests by what failed them, and never calls a failed run a good one."""
    assert outcome_sentence(run) == sentence
