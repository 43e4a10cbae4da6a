"""The history of a project in tables and as data."""

from __future__ import annotations

from decimal import Decimal

from pytest_llmtrace._model.trend import Trend
from pytest_llmtrace._report.commands.history import bars, history_data, history_lines
from tests.unit.model import trends
from tests.unit.model.trends import measured, past_runs

RUNS = past_runs(3, dirty=True, whole=False)
DEARER = trends.test_trend(
    "tests/test_a.py::test_dearer", measured(0, "0.001"), measured(1, "0.0015", {"prompt": 1}), measured(2, "0.002")
)
STOPPED = trends.test_trend(
    "tests/test_a.py::test_stopped",
    measured(0, None),
    measured(1, "0", {"user": 2, "tool_call": 1}, stopped=True, input_tokens=5, outcome="failed"),
)
TREND = Trend(project="acme/shop", runs=RUNS, tests=(DEARER, STOPPED))


def test_the_tests_and_the_latest_runs():
    """What moved most comes first; an unknown cost is no zero, and a run of one test no drop."""
    text = "\n".join(line.text for line in history_lines(TREND, 130))
    assert "acme/shop: 2 tests, 3 runs of 3 commits, 2026-01-01, the latest c000002* on main" in text
    words = [line.split() for line in text.splitlines()]
    assert [
        "tests/test_a.py::test_dearer",
        "3",
        "110",
        "=",
        "$0.002",
        "+100",
        "%",
        "1",
        *["prompt", "c000001*", "▅▆█"],
    ] in words
    assert ["tests/test_a.py::test_stopped", "2", "110", "?", "1", "user,", "tool_call", "c000001*"] in words
    assert ["c000002*", "2026-01-01", "main", "trace", "1", "$0.002", "+", "?", "+33", "%", "220", "="] in words
    assert ["c000001*", "2026-01-01", "main", "trace", "2", "2", "$0.0015", "+", "?", "+50", "%", "220", "="] in words


def test_a_change_is_not_shown_without_what_changed():
    """In a narrow terminal the tokens go with their change, so that no second change stands beside that of the cost."""
    header = next(line.text for line in history_lines(TREND, 80) if line.text.startswith("latest runs"))
    assert header.split() == [
        "latest",
        "runs",
        "tests",
        "drifted",
        "cost",
        "of",
        "all",
        "change",
        "tokens",
        "of",
        "all",
    ]


def test_a_sum_without_a_price_is_unknown():
    """Neither zero dollars nor a dip of the chart: a question mark, and null in the data."""
    unpriced = tuple(trends.test_trend(name, measured(0, None)) for name in "ab")
    trend = Trend(project="p", runs=RUNS[:1], tests=unpriced)
    assert [line.text.split()[-3:] for line in history_lines(trend, 130)][-2] == ["2", "?", "220"]
    assert history_data(trend)["runs"][0]["suite_cost_usd"] is None


def test_a_single_test_has_a_row_for_each_run():
    """The newest first, with what drifted; a run in which it was stopped is not compared."""
    lines = [line.text.split() for line in history_lines(Trend(project="p", runs=RUNS, tests=(STOPPED,)), 130)][3:]
    assert lines == [
        ["run", "outcome", "calls", "tokens", "cost", "drift"],
        [*["c000001*", "2026-01-01", "main", "failed,", "stopped", "1", "15", "$0", "user", "(2),", "tool_call"]],
        [*["c000000*", "2026-01-01", "main", "passed", "1", "110", "?"]],
    ]


def test_dollars_are_exact_in_the_data():
    """As decimals in strings; unknown is null. Each run says what its tests cost before and now."""
    data = history_data(TREND)
    assert [run["commit"] for run in data["runs"]] == ["c000000aaaa", "c000001aaaa", "c000002aaaa"]
    assert data["runs"][2]["suite_cost_usd"] == "0.002"
    assert (data["runs"][2]["cost_before_usd"], data["runs"][2]["cost_after_usd"]) == ("0.0015", "0.002")
    assert data["runs"][2]["unpriced_tests"] == 1
    assert [(one["cost_usd"], one["drift"], one["stopped"]) for one in data["tests"][1]["points"]] == [
        (None, {}, False),
        ("0", {"user": 2, "tool_call": 1}, True),
    ]


def test_no_runs_and_no_tests_are_said():
    """In a line."""
    assert [line.text for line in history_lines(Trend(project="p", runs=(), tests=()), 80)] == ["p: no such run"]


def test_costs_as_bars():
    """From zero, with a gap where a cost is not known; nothing where all is free."""
    assert bars([Decimal(1), None, Decimal(2), Decimal(0)]) == "▅ █▁"
    assert bars([Decimal(0), None]) == ""
    assert len(bars([Decimal(1)] * 99)) == 16
