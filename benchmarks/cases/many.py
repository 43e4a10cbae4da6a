"""5,000 traced tests of one call, in one process and in two workers, with the summary and a JSON report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.progress import begin
from benchmarks.replays import Effort, Found, side_by_side, table_of
from benchmarks.tables import Goal, Table

TESTS = 5000
_FEW = 50
_KIB = 8
"""Of the controller, for each test: a report of one line in JSON is 1 KiB."""


def many(effort: Effort) -> Iterator[Table]:
    """Plain, and with `-n 2`."""
    for workers in (0, 2):
        case = f"{TESTS:,} tests of one call{', -n 2' if workers else ''}"
        begin(case)
        found = _side_by_side(effort, TESTS, workers, rounds=1 if workers else 2)
        few = _side_by_side(effort, _FEW, workers, rounds=1)
        most, least = _more(found), _more(few)
        whole = found.goal("whole run, CPU", 1.15, "cpu")
        memory = Goal(
            what=f"memory of the controller from {_FEW} tests to {TESTS:,}, KiB a test",
            value=1024 * (most - least) / (TESTS - _FEW),
            limit=_KIB,
            unit=" KiB",
        )
        goals = [whole, memory]
        if workers:
            goals.append(found.goal("whole run, wall", 1.15, "wall"))
        yield table_of(
            f"{case}, with summary and JSON report",
            found,
            goals=goals,
            headlines=[
                replace(
                    found.headline(case, goals, measured="cpu", unit="s"),
                    ours=f"{whole.measured}; {memory.measured} of memory a test",
                    goal=f"{whole.bound}; {memory.bound}",
                )
            ],
            notes=[f"The controller's peak above the floor's: {least:.0f} MiB at {_FEW} tests, {most:.0f} MiB at all."],
            per_call=not workers,
        )


def _side_by_side(effort: Effort, tests: int, workers: int, *, rounds: int) -> Found:
    return side_by_side(
        effort,
        "test_calls.py",
        calls=",".join("1" * tests),
        rounds=rounds,
        alone=bool(workers),
        arms=(),
        options=("--llm-report=report.json",),
        every=("-n", str(workers)) if workers else (),
    )


def _more(found: Found) -> float:
    """MiB that our controller held above that of the floor."""
    return (found.ours.value("peak") or 0.0) - (found.arms[0].value("peak") or 0.0)
