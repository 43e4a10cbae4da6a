"""The history of a project as one page that opens from disk: a chart per test, and one of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pytest_llmtrace._model.trend import Measured, PastRun, Step, TestTrend, Trend, change
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.html.assets import (
    HISTORY_PROGRAMS,
    HISTORY_STYLES,
    policy,
    program,
    source,
    style,
)
from pytest_llmtrace._report.html.blocks import Block, block
from pytest_llmtrace._report.money import count, usd
from pytest_llmtrace._report.topics.history import accepted_text, changed_by, drift_text, run_name
from pytest_llmtrace._report.wording import plural


def history_page(trend: Trend) -> Iterator[str]:
    """The pieces of the page's text; the same history makes the same bytes."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only where a page is asked for

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    steps = tuple(trend.steps())
    yield from environment.from_string(source("history.html.j2")).generate(
        project=clean_line(trend.project),
        facts=list(_facts(trend, steps)),
        plain_rows=[_plain(test) for test in trend.tests],
        policy=policy(HISTORY_STYLES, HISTORY_PROGRAMS),
        style=style(HISTORY_STYLES),
        program=program(HISTORY_PROGRAMS),
        blocks=_blocks(trend, steps),
    )


def _facts(trend: Trend, steps: tuple[Step, ...]) -> Iterator[dict[str, str]]:
    commits = len({run.commit for run in trend.runs if run.commit})
    days = [f"{run.place[0]:%Y-%m-%d}" for run in trend.runs]
    yield {"name": "runs", "value": count(len(trend.runs)), "note": f"of {plural(commits, 'commit')}"}
    yield {"name": "tests", "value": count(len(trend.tests)), "note": ""}
    if steps:
        first, last = next((one for one in steps if one.tests), steps[0]), steps[-1]
        note = f"{plural(last.unpriced, 'test')} without a price" if last.unpriced else ""
        yield {"name": "cost of all tests", "value": usd(_number(last.suite_cost)), "note": note}
        grown = changed_by(first.suite_tokens, last.suite_tokens)
        note = f"{grown} since {days[0]}" if grown.strip("=") else ""
        yield {"name": "tokens of all tests", "value": count(last.suite_tokens), "note": note}
        yield {"name": "latest", "value": run_name(trend.runs[-1]), "note": days[-1]}


def _blocks(trend: Trend, steps: tuple[Step, ...]) -> Iterator[Block]:
    for number, test in enumerate(trend.tests):
        yield block(f"test-{number}", _points(test))
    yield block(
        "history",
        {
            "runs": [_run(run) for run in trend.runs],
            "tests": [_test(test) for test in trend.tests],
            "steps": {
                "cost": [_number(step.suite_cost) for step in steps],
                "tokens": [step.suite_tokens for step in steps],
                "tests": [step.tests for step in steps],
                "drifted": [step.drifted for step in steps],
                "unpriced": [step.unpriced for step in steps],
                "cost_change": [
                    _rounded(change(step.cost_before, step.cost_after)) if step.compared else None for step in steps
                ],
                "tokens_change": [
                    _rounded(change(step.tokens_before, step.tokens_after)) if step.tokens_before else None
                    for step in steps
                ],
            },
        },
    )


def _run(run: PastRun) -> dict[str, Any]:
    url = next((one for one in (run.change_url, run.ci_url) if one and one.startswith(("https://", "http://"))), None)
    return {
        "name": run_name(run),
        "day": f"{run.place[0]:%Y-%m-%d}",
        "branch": run.branch or "",
        "mode": run.mode,
        **({"url": url} if url else {}),
    }


def _test(test: TestTrend) -> dict[str, Any]:
    file, _, name = test.nodeid.partition("::")
    known = [one.cost_usd for one in test.compared if one.cost_usd is not None]
    last = test.compared[-1].cost_usd if test.compared else None
    return {
        "nodeid": test.nodeid,
        "name": name or test.nodeid,
        "file": "fixture" if test.fixture else file if name else "",
        "cost": _number(last),
        "change": _rounded(change(known[0], known[-1])) if len(known) > 1 else None,
        "drifted": len(test.drifted),
        "drifts": bool(test.points[-1].drift),
    }


def _points(test: TestTrend) -> dict[str, Any]:
    """What the test did, a list per column: half the size of a list of rows with names."""
    points: tuple[Measured, ...] = test.points
    return {
        "run": [one.run for one in points],
        "outcome": [one.outcome for one in points],
        "stopped": [int(one.stopped) for one in points],
        "calls": [one.calls for one in points],
        "tokens": [one.tokens for one in points],
        "cost": [_number(one.cost_usd) for one in points],
        "drift": [sum(one.drift.values()) for one in points],
        "kinds": [drift_text(one) for one in points],
        "accepted": [accepted_text(one) for one in points],
    }


def _plain(test: TestTrend) -> str:
    last = test.compared[-1] if test.compared else test.points[-1]
    cost = usd(None if last.cost_usd is None else float(last.cost_usd))
    drifted = f", drifted in {plural(len(test.drifted), 'run')}" if test.drifted else ""
    used = f"{cost}, {plural(last.tokens, 'token')} in {plural(len(test.points), 'run')}"
    return f"{clean_line(test.nodeid)}: {used}{drifted}"


def _number(amount: Decimal | None) -> float | None:
    """For drawing: what is exact is in `--json`."""
    return None if amount is None else float(amount)


def _rounded(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 6)
