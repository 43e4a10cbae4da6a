"""5,000 traced tests of one call, in one process and in two workers, with the summary and a JSON report."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.arms import OURS
from benchmarks.replays import Effort, goal, named, side_by_side, table_of
from benchmarks.tables import Goal, Table

TESTS = 5000
_KIB = 8
"""Of the controller, for each test: a report of one line in JSON is 1 KiB."""


def many(effort: Effort) -> Iterator[Table]:
    """Plain, and with `-n 2`."""
    for workers in (0, 2):
        options = ("-n", "2") if workers else ()
        found = side_by_side(
            effort,
            "test_calls.py",
            calls=",".join("1" * TESTS),
            seconds=45,
            peers=(),
            options=("--llm-report=report.json",),
            every=options,
        )
        extra = (named(found, OURS.name).value("peak") or 0.0) - (named(found, "floor").value("peak") or 0.0)
        yield table_of(
            f"{TESTS:,} tests of one call{', -n 2' if workers else ''}, with summary and JSON report",
            found,
            goals=[
                goal(found, "whole run, CPU", 1.15, "cpu"),
                Goal(what="memory of the controller, KiB a test", value=1024 * extra / TESTS, limit=_KIB, unit=" KiB"),
            ],
        )
