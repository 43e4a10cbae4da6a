"""What happens after a replay, in one process: comparison, and the search for the nearest request."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.replays import Effort, named, side_by_side
from benchmarks.scripts import measured_inside
from benchmarks.tables import Cell, Goal, Table


def comparison(effort: Effort) -> Iterator[Table]:
    """Two traces of one growing history of 10, 100 and 1,000 calls."""
    sizes = (10, 100) if effort.quick else (10, 100, 1000)
    found = {calls: measured_inside("comparison.py", str(calls)) for calls in sizes}
    names = tuple(found[100])
    rows: list[list[Cell]] = [
        [name, *(1000 * found[calls][name]["seconds"] for calls in sizes), found[100][name]["findings"]]
        for name in names
    ]
    slowest = max(found[100][name]["seconds"] for name in names)
    shortest = max(found[10][name]["seconds"] for name in names)
    goals = [Goal(what="100 calls in place of 10 cost", value=slowest / shortest, limit=12)]
    if not effort.quick:
        plain = measured_inside("comparison.py", "100", "deepdiff")["change in the middle"]["seconds"]
        rows.append(["change in the middle, plain DeepDiff", None, 1000 * plain, *[None] * (len(sizes) - 2), None])
        goals.append(Goal(what="100 calls: ours / plain DeepDiff", value=slowest / plain, limit=0.01, unit=""))
        longest = max(found[1000][name]["seconds"] for name in names)
        goals.append(Goal(what="1,000 calls in place of 100 cost", value=longest / slowest, limit=12))
        replayed = _replayed(effort, turns=200)
        goals.append(
            Goal(
                what="1,000 calls compared / 10 calls replayed at turn 200", value=longest / replayed, limit=1, unit=""
            )
        )
    yield Table(
        title="Comparison of two traces of one growing history, CPU ms",
        columns=("what changed", *(f"{calls:,} calls" for calls in sizes), "drifts"),
        rows=rows,
        goals=goals,
    )


def nearest(effort: Effort) -> Iterator[Table]:
    """The recorded request that comes nearest to one that is not on the tape."""
    found = measured_inside("nearest.py", *(["quick"] if effort.quick else []))
    ours = side_by_side(effort, "test_calls.py", calls="1," * 50 + "1", seconds=1, peers=())
    per_call = (named(ours, "pytest-llmtrace").value("per call") or 0.0) / 1000
    yield Table(
        title="Nearest recorded request of 1,000, CPU ms",
        columns=("tape", "first look-up", "next ones"),
        rows=[[name, 1000 * one["first"], 1000 * one["next"]] for name, one in found.items()],
        goals=[
            Goal(what=f"{name}: {which} look-up, in replayed calls", value=one[which] / per_call, limit=2, unit="")
            for name, one in found.items()
            for which in ("first", "next")
        ],
        notes=[f"A replayed call of one turn: {1000 * per_call:.2f} ms."],
    )


def _replayed(effort: Effort, *, turns: int) -> float:
    """CPU seconds of ten calls at the end of a conversation of so many turns: twice the mean of all its calls."""
    found = side_by_side(effort, "test_calls.py", calls=f"1,{turns}", seconds=1, peers=())
    return 10 * 2 * (named(found, "pytest-llmtrace").value("per call") or 0.0) / 1000
