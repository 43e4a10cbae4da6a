"""The history of a project in tables, and as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from pytest_llmtrace._model.trend import Measured, PastRun, Step, TestTrend, Trend, change
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, plain_lines, table, wrapped
from pytest_llmtrace._report.money import count, usd
from pytest_llmtrace._report.topics.history import accepted_text, changed_by, drift_text, run_name
from pytest_llmtrace._report.wording import plural

FORMAT_VERSION: Final = 1
"""Of the data.

1. The first.
"""
_BARS: Final = "▁▂▃▄▅▆▇█"
_MOST_BARS: Final = 16
_LATEST: Final = 10
"""Runs that the overview shows."""


def history_lines(trend: Trend, width: int) -> Iterator[Line]:
    """The tests, then the latest runs; of a single test, each of its runs."""
    yield from plain_lines(wrapped(_headline(trend), width), bold=True)
    if not trend.tests:
        return
    yield Line(text="")
    if len(trend.tests) == 1:
        yield from _one_test(trend, trend.tests[0], width)
        return
    yield from _tests(trend, width)
    yield Line(text="")
    yield from _runs(trend, width)


def history_data(trend: Trend) -> dict[str, Any]:
    """Everything, for scripts. US dollars are decimals in strings, so that they stay exact; ``null`` is unknown."""
    return {
        "llmtrace_history": FORMAT_VERSION,
        "project": trend.project,
        "runs": [_run_data(run) | _step_data(step) for run, step in zip(trend.runs, trend.steps(), strict=True)],
        "tests": [
            {
                "nodeid": test.nodeid,
                **({"fixture": True} if test.fixture else {}),
                "points": [_point_data(point, trend.runs[point.run]) for point in test.points],
            }
            for test in trend.tests
        ],
    }


def bars(values: Sequence[Decimal | None]) -> str:
    """The latest values as a row of bars; a gap where one is not known."""
    shown = values[-_MOST_BARS:]
    most = max((value for value in shown if value is not None), default=Decimal())
    if not most:
        return ""
    top = len(_BARS) - 1
    return "".join(" " if value is None else _BARS[min(round(value / most * top), top)] for value in shown)


def _headline(trend: Trend) -> str:
    if not trend.runs:
        return f"{clean_line(trend.project)}: no such run"
    commits = {run.commit for run in trend.runs if run.commit}
    first, last = trend.runs[0], trend.runs[-1]
    days = sorted({f"{first.place[0]:%Y-%m-%d}", f"{last.place[0]:%Y-%m-%d}"})
    branch = f" on {clean_line(last.branch)}" if last.branch else ""
    what = plural(len(trend.tests), "test") if trend.tests else "no test that calls a model"
    return (
        f"{clean_line(trend.project)}: {what}, {plural(len(trend.runs), 'run')} of {plural(len(commits), 'commit')}, "
        f"{' to '.join(days)}, the latest {run_name(last)}{branch}"
    )


def _tests(trend: Trend, width: int) -> Iterator[Line]:
    """A row per test, the one whose cost changed most first."""
    rows = sorted(trend.tests, key=lambda test: (-abs(_cost_moved(test)), test.nodeid))
    cells = [_test_cells(trend, test) for test in rows]
    header = ("test", "runs", "tokens", "change", "cost", "change ", "drifted", "last drift", "cost so far")
    lines = table(header, cells, width, droppable=("cost so far", "last drift", "runs"))
    yield Line(text=lines[0], markup={"bold": True})
    for test, text in zip(rows, lines[1:], strict=True):
        yield Line(text=text, markup=_markup(test))


def _test_cells(trend: Trend, test: TestTrend) -> tuple[str, ...]:
    compared = test.compared
    first, last = (compared[0], compared[-1]) if compared else (None, None)
    costs = [one.cost_usd for one in compared]
    known = [cost for cost in costs if cost is not None]
    drifted = test.drifted
    return (
        clean_line(test.nodeid),
        count(len(test.points)),
        count(last.tokens) if last else "",
        changed_by(first.tokens, last.tokens) if first and last and len(compared) > 1 else "",
        _usd(last.cost_usd) if last else "",
        changed_by(known[0], known[-1]) if len(known) > 1 else "",
        count(len(drifted)) if drifted else "",
        f"{', '.join(drifted[-1].drift)} {run_name(trend.runs[drifted[-1].run])}" if drifted else "",
        bars(costs),
    )


def _runs(trend: Trend, width: int) -> Iterator[Line]:
    steps = list(trend.steps())[-_LATEST:]
    cells = [
        (
            f"{run_name(run)} {run.place[0]:%Y-%m-%d} {clean_line(run.branch or '')}".rstrip(),
            run.mode,
            count(step.tests),
            count(step.drifted) if step.drifted else "",
            _usd(step.suite_cost) + (" + ?" if step.unpriced and step.suite_cost is not None else ""),
            changed_by(step.cost_before, step.cost_after) if step.compared else "",
            count(step.suite_tokens),
            changed_by(step.tokens_before, step.tokens_after) if step.tokens_before else "",
        )
        for step, run in ((step, trend.runs[step.run]) for step in reversed(steps))
    ]
    header = ("latest runs", "mode", "tests", "drifted", "cost of all", "change", "tokens of all", "change ")
    lines = table(header, cells, width, droppable=("mode", "change ", "tokens of all"))
    yield Line(text=lines[0], markup={"bold": True})
    yield from plain_lines(lines[1:])
    if len(trend.runs) > len(steps):
        yield Line(text=f"… {count(len(trend.runs) - len(steps))} earlier", markup={"faint": True})
    note = "change: of the tests that ran, each against the run before in which it did; of all: those that did not, too"
    yield from plain_lines(wrapped(note, width), faint=True)


def _one_test(trend: Trend, test: TestTrend, width: int) -> Iterator[Line]:
    yield from plain_lines(wrapped(clean_line(test.nodeid), width), bold=True)
    cells: list[tuple[str, ...]] = []
    before: Measured | None = None
    for point in test.points:
        run = trend.runs[point.run]
        old = before if not point.stopped else None
        cells.append(
            (
                f"{run_name(run)} {run.place[0]:%Y-%m-%d} {clean_line(run.branch or '')}".rstrip(),
                point.outcome + (", stopped" if point.stopped else ""),
                count(point.calls),
                count(point.tokens),
                changed_by(old.tokens, point.tokens) if old else "",
                _usd(point.cost_usd),
                changed_by(old.cost_usd, point.cost_usd) if old else "",
                drift_text(point) or (f"accepted: {accepted_text(point)}" if point.accepted else ""),
            )
        )
        before = before if point.stopped else point
    cells.reverse()
    header = ("run", "outcome", "calls", "tokens", "change", "cost", "change ", "drift")
    lines = table(header, cells, width, droppable=("calls", "outcome"))
    yield Line(text=lines[0], markup={"bold": True})
    for point, text in zip(reversed(test.points), lines[1:], strict=True):
        yield Line(text=text, markup={"red": True} if point.drift else {})


def _cost_moved(test: TestTrend) -> float:
    known = [one.cost_usd for one in test.compared if one.cost_usd is not None]
    return (change(known[0], known[-1]) or 0.0) if len(known) > 1 else 0.0


def _markup(test: TestTrend) -> Mapping[str, bool]:
    if test.points[-1].drift:
        return {"red": True}
    return {"yellow": True} if test.compared and test.compared[-1].cost_usd is None else {}


def _usd(amount: Decimal | None) -> str:
    return usd(None if amount is None else float(amount))


def _step_data(step: Step) -> dict[str, Any]:
    return {
        "tests": step.tests,
        "drifted": step.drifted,
        "compared": step.compared,
        "cost_before_usd": str(step.cost_before),
        "cost_after_usd": str(step.cost_after),
        "tokens_before": step.tokens_before,
        "tokens_after": step.tokens_after,
        "suite_cost_usd": None if step.suite_cost is None else str(step.suite_cost),
        "suite_tokens": step.suite_tokens,
        "unpriced_tests": step.unpriced,
    }


def _run_data(run: PastRun) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "started_at": run.started_at.isoformat(),
        "commit": run.commit,
        "commit_time": run.commit_time.isoformat() if run.commit_time else None,
        "branch": run.branch,
        "dirty": run.dirty,
        "change_url": run.change_url,
        "ci_url": run.ci_url,
        "mode": run.mode,
        "outcome": run.outcome,
        "whole": run.whole,
    }


def _point_data(point: Measured, run: PastRun) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "outcome": point.outcome,
        "mode": point.mode,
        "stopped": point.stopped,
        "calls": point.calls,
        "input_tokens": point.input_tokens,
        "output_tokens": point.output_tokens,
        "cost_usd": None if point.cost_usd is None else str(point.cost_usd),
        "drift": dict(point.drift),
        "accepted": dict(point.accepted),
        "other_findings": point.other_findings,
    }
