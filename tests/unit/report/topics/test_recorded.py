"""What record mode did, in words."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._report.topics.recorded import behaviour, did_something, work


def row(
    outcome: str = "passed", golden: float | None = None, cost: float | None = None, **recorded: Any
) -> dict[str, Any]:
    """A row of the document."""
    return {
        "outcome": outcome,
        "findings": [],
        "golden_cost_usd": golden,
        "cost_usd": cost,
        "recorded": {"kept": 0, "live": 0, "from_journal": 0, "written": False} | recorded,
    }


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (row(kept=2), "2 kept, unchanged"),
        (row(new=True, live=1, live_cost_usd=0.5, written=True), "new, 1 live request ($0.50), written"),
        (row(new=True, kept=1, written=True), "new, 1 kept, written"),
        (row("failed", kept=1), "1 kept, not written: the test failed"),
        (
            row("failed", from_journal=1, waiting=True),
            (
                "1 from the journal, paid before, not written: the test failed; what was paid for waits in its journal "
                "(for other answers: --llm-record-mode=all)"
            ),
        ),
        (
            row("unknown", live=1, live_cost_usd=0.5, waiting=True),
            "1 live request ($0.50), not written: the run was cut short; what was paid for waits in its journal",
        ),
        (row("failed", live=1, live_cost_usd=0.5), "1 live request ($0.50), not written: the test failed"),
        ({**row(kept=1, written=True), "golden": "a/b.trace.yaml"}, "1 kept, written to a/b.trace.yaml"),
        (row(written=True, removed=True), "calls no LLM any more: its files are removed"),
    ],
)
def test_work(made: dict[str, Any], text: str) -> None:
    """What was paid and kept, whether files changed, and whether there was nothing before."""
    assert work(made) == text


@pytest.mark.parametrize(
    ("made", "lines"),
    [
        (row(golden=0.1, cost=0.1, written=True), []),
        (row(golden=0.1, cost=0.15, written=True), ["cost $0.10 -> $0.15 (+50 %)"]),
        (row(golden=0.2, cost=0.1, written=True), ["cost $0.20 -> $0.10 (-50 %)"]),
        (row(golden=0.0, cost=0.1, written=True), ["cost $0 -> $0.10"]),
        (row(golden=0.1, cost=0.15), []),
        (row("failed", golden=0.1, cost=0.15, live=1), []),
        (row(golden=0.1, cost=0.0, written=True, removed=True), []),
        (row(golden=None, cost=0.15, new=True, written=True), []),
        (row(tools={"golden": ["a"] * 10, "observed": []}), ["tools: a, a, a, a, a, a, a, a and 2 more -> none"]),
        (
            row(
                outputs=[
                    {"conversation": "main", "turn": 1},
                    {"conversation": "main", "turn": 2},
                    {"conversation": "lead", "turn": 4},
                ]
            ),
            ["output of turns 1-2 and lead turn 4 changed"],
        ),
    ],
)
def test_behaviour(made: dict[str, Any], lines: list[str]) -> None:
    """Tools, outputs and cost have a line each where they are not what they were."""
    assert list(behaviour(made)) == lines


def test_an_unchanged_test_is_nothing_to_speak_of() -> None:
    """A test that passed, with everything from its tape and no file written, is only counted."""
    assert [did_something(one) for one in (row(kept=1), row(live=1), row("failed"), row(written=True))] == [
        False,
        True,
        True,
        True,
    ]
