"""Runs are compared test by test."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pytest_llmtrace._model.trend import PastRun, Trend, change
from tests.unit.model import trends
from tests.unit.model.trends import measured, past_runs


def steps(*points, runs=None):
    """What each run came to: compared, before, after, suite, unpriced."""
    tests = tuple(trends.test_trend(name, *ones) for name, ones in points)
    made = Trend(project="p", runs=runs or past_runs(3, whole=False), tests=tests)
    return [(one.compared, str(one.cost_before), str(one.cost_after), str(one.suite_cost)) for one in made.steps()]


def test_a_run_of_a_few_tests_is_no_drop_in_cost():
    """What did not run counts as it was last measured, and what ran is compared with itself."""
    assert steps(
        ("a", [measured(0, "0.1"), measured(1, "0.2"), measured(2, "0.2")]), ("b", [measured(0, "1"), measured(2, "1")])
    ) == [(0, "0", "0", "1.1"), (1, "0.1", "0.2", "1.2"), (2, "1.2", "1.2", "1.2")]


def test_a_test_that_was_stopped_says_nothing_of_cost():
    """It ended before it was done: neither less nor, the next time, more."""
    found = steps(("a", [measured(0, "0.1"), measured(1, "0.01", stopped=True), measured(2, "0.1")]))
    assert found == [(0, "0", "0", "0.1"), (0, "0", "0", "0.1"), (1, "0.1", "0.1", "0.1")]


def test_a_test_that_a_whole_run_lacks_is_gone():
    """The suite costs less then, which is no change of any test."""
    found = steps(("a", [measured(0, "0.1"), measured(1, "0.1")]), ("b", [measured(0, "1")]), runs=past_runs(2))
    assert found == [(0, "0", "0", "1.1"), (1, "0.1", "0.1", "0.1")]


def test_an_unknown_price_is_not_zero():
    """A test without a price is in no sum, and counted; where none has one, there is no sum."""
    tests = (trends.test_trend("a", measured(0, "0.1"), measured(1, None), measured(2, "0.1")),)
    made = list(Trend(project="p", runs=past_runs(3), tests=tests).steps())
    assert [(one.compared, one.suite_cost, one.unpriced) for one in made] == [
        (0, Decimal("0.1"), 0),
        (0, None, 1),
        (0, Decimal("0.1"), 0),
    ]
    assert [one.tokens_after for one in made] == [0, 110, 110]


def test_sums_are_exact():
    """Ten times a tenth is one."""
    tests = tuple(trends.test_trend(f"t{at}", measured(0, "0.1")) for at in range(10))
    (step,) = Trend(project="p", runs=past_runs(1), tests=tests).steps()
    assert step.suite_cost == 1


def test_a_run_comes_with_its_commit_whenever_that_was_tested():
    """Without a commit, when it began."""
    old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    late = PastRun(run_id="late", started_at=new, commit_time=old)
    assert late.place == (old, new)
    assert PastRun(run_id="b", started_at=old).place == (old, old)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [(Decimal(2), Decimal(3), 0.5), (2, 1, -0.5), (0, 0, 0.0), (0, 1, None), (None, 1, None), (1, None, None)],
)
def test_changes_are_fractions(before, after, found):
    """Nothing where something is not known, or grew from nothing."""
    assert change(before, after) == found
