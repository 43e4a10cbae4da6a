"""Running spend: when a line is due, and where it stands among pytest's own."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._model.limits import Limit
from pytest_llmtrace._run.money.ledger import Ledger, Spent
from pytest_llmtrace._run.money.progress import Progress
from pytest_llmtrace._settings.budgets import Budgets
from pytest_llmtrace._settings.terminal import Terminal
from pytest_llmtrace._settings.values import Settings

CALL = Spent(usd=0.25, tokens=10, calls=1)


class Clock:
    """Tells the time that it is set to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def watched(**terminal: Any) -> tuple[Progress, Ledger, Clock]:
    """The progress of a run with a budget of a dollar, its ledger and its clock."""
    ledger, clock = Ledger(), Clock()
    budgets = Budgets(run=(Limit(scope="run", what="usd", value=1.0),))
    return Progress(Settings(terminal=Terminal(**terminal), budgets=budgets), ledger, clock), ledger, clock


def test_when_a_line_is_due():
    """Ten seconds after the last one at least, a minute at most, and only where something was spent since."""
    progress, ledger, clock = watched()
    shown = []
    for second in range(1, 601):
        clock.now = 1000.0 + second
        ledger.enter("tests", CALL)
        if progress.due():
            shown.append(second)
    clock.now += 100

    assert shown[:8] == [10, 20, 30, 40, 54, 72, 96, 128]
    assert [later - one for one, later in zip(shown[-4:], shown[-3:], strict=False)] == [60, 60, 60]
    assert progress.due() is not None
    clock.now += 100
    assert progress.due() is None


@pytest.mark.parametrize(("seconds", "due"), [(0.0, True), (5.0, True), (6.0, False), (float("inf"), False)])
def test_seconds_that_are_asked_for(seconds, due):
    """A number of seconds is kept to, and off is never."""
    progress, ledger, clock = watched(progress=seconds)
    ledger.enter("tests", CALL)
    clock.now += 5

    assert (progress.due() == "llmtrace 0:05: 1 live call, $0.25 of $1.00 (25 %)") is due


def test_nothing_spent():
    """Where no live call was made nothing is said."""
    progress, _, clock = watched(progress=0.0)
    clock.now += 100
    assert progress.due() is None
