"""5,000 traced tests of one call, in one process and in two workers, with the summary and a JSON report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.progress import begin
from benchmarks.replays import Effort, side_by_side, table_of
from benchmarks.rounds import LANES
from benchmarks.tables import Goal, Table

TESTS = 5000
_KIB = 8
"""Of the controller, for each test: a report of one line in JSON is 1 KiB."""


def many(effort: Effort) -> Iterator[Table]:
    """Plain, and with `-n 2`."""
    for workers in (0, 2):
        begin(f"{TESTS:,} tests{', -n 2' if workers else ''}")
        every = ("-n", "2") if workers else ()
        found = side_by_side(
            effort,
            "test_calls.py",
            calls=",".join("1" * TESTS),
            rounds=1 if workers else 2,
            again=bool(workers),
            lanes=1 if workers else LANES,
            arms=(),
            options=("--llm-report=report.json",),
            every=every,
        )
        extra = (found.ours.value("peak") or 0.0) - (found.arms[0].value("peak") or 0.0)
        whole = found.goal("whole run, CPU", 1.15, "cpu")
        memory = Goal(what="memory of the controller, KiB a test", value=1024 * extra / TESTS, limit=_KIB, unit=" KiB")
        goals = [whole, memory]
        if workers:
            goals.insert(1, found.goal("whole run, wall", 1.15, "wall"))
        case = f"{TESTS:,} tests of one call{', -n 2' if workers else ''}"
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
            notes=[f"The controller holds {extra:.0f} MiB more than that of the floor."],
            per_call=not workers,
        )
