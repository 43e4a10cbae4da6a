"""What happens after a replay, in one process: comparison, and the search for the nearest request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.arms import OURS
from benchmarks.progress import begin
from benchmarks.projects import Project
from benchmarks.replays import Effort, calls_of
from benchmarks.scripts import measured_inside
from benchmarks.tables import Cell, Goal, Headline, Table, figure


def comparison(effort: Effort) -> Iterator[Table]:
    """Two traces of one growing history of 10, 100 and 1,000 calls.

    The calls of a conversation of 200 turns cost as much in the mean as the hundredth, and the last twice that.
    """
    sizes = (10, 100) if effort.quick else (10, 100, 1000)
    begin("comparison")
    found = {calls: measured_inside("comparison.py", str(calls)) for calls in sizes}
    names = tuple(found[100])
    rows: list[list[Cell]] = [
        [name, *(1000 * found[calls][name]["seconds"] for calls in sizes), found[100][name]["findings"]]
        for name in names
    ]
    slowest = max(found[100][name]["seconds"] for name in names)
    shortest = max(found[10][name]["seconds"] for name in names)
    goals = [Goal(what="100 calls in place of 10 cost", value=slowest / shortest, limit=12)]
    headlines = []
    if not effort.quick:
        plain = measured_inside("comparison.py", "100", "deepdiff")["change in the middle"]["seconds"]
        rows.append(["change in the middle, plain DeepDiff", None, 1000 * plain, *[None] * (len(sizes) - 2), None])
        goals.append(Goal(what="100 calls: ours / plain DeepDiff", value=slowest / plain, limit=0.01, unit=""))
        longest = max(found[1000][name]["seconds"] for name in names)
        goals.append(Goal(what="1,000 calls in place of 100 cost", value=longest / slowest, limit=12))
        replayed = 10 * 2 * _replayed(effort, calls="1,200")
        goals.append(
            Goal(what="1,000 calls / 10 calls replayed at turn 200", value=longest / replayed, limit=1, unit="")
        )
        headlines = [
            Headline(
                case=f"comparison, {case}",
                floor=f"{figure(1000 * floor)} ms, {of}",
                ours=f"{figure(1000 * ours)} ms: {goal.measured}",
                goal=goal.bound,
                met=goal.met,
            )
            for case, floor, of, ours, goal in (
                ("100 calls", plain, "DeepDiff", slowest, goals[1]),
                ("linear: 1,000 calls", slowest, "100 calls", longest, goals[2]),
                ("1,000 calls", replayed, "10 replayed", longest, goals[3]),
            )
        ]
    yield Table(
        title="Comparison of two traces of one growing history, CPU ms",
        columns=("what changed", *(f"{calls:,} calls" for calls in sizes), "drifts"),
        rows=rows,
        goals=goals,
        notes=["Linear: ten times the calls cost at most twelve times as much."],
        headlines=headlines,
    )


def nearest(effort: Effort) -> Iterator[Table]:
    """The recorded request that comes nearest to one that is not on the tape, in calls replayed from such a tape.

    The calls of another tape are shorter or longer: that ratio is shown, and not judged.
    """
    begin("nearest request")
    found = measured_inside("nearest.py", *(["quick"] if effort.quick else []))
    imports = found.pop("imports")
    short = _replayed(effort, calls=calls_of(20) if effort.quick else ",".join("1" * 200))
    # The first test of a run pays for what is imported, and is left out.
    like = {
        name: _replayed(effort, calls=f"1,{turns}") for name, turns in _TURNS.items() if name in found and turns > 1
    }
    per_call = {name: like.get(name, short) for name in found}
    goals = [
        Goal(what=f"{name}: {which} look-up, in calls of its tape", value=one[which] / per_call[name], limit=2, unit="")
        for name, one in found.items()
        for which in ("first", "next")
    ]
    rows: list[list[Cell]] = [
        [name, *(1000 * one[which] for which in ("first", "next")), 1000 * per_call[name], one["first"] / short]
        for name, one in found.items()
    ]
    worst = {which: max(one.value for one in goals if f": {which} " in one.what) for which in ("first", "next")}
    costs = [1000 * one for one in per_call.values()]
    yield Table(
        title="Nearest recorded request of 1,000, CPU ms",
        columns=("tape", "first look-up", "next ones", "a call of the tape", "first, in calls of one turn"),
        rows=rows,
        goals=goals,
        notes=[
            f"A replayed call of a short conversation: {1000 * short:.2f} ms.",
            f"Importing what a look-up needs, once in a process that misses: {1000 * imports:.2f} ms.",
        ],
        headlines=[
            Headline(
                case="nearest request of 1,000: first look-up; next",
                floor=f"{min(costs):.2f} to {max(costs):.2f} ms, 1 replayed call of the tape",
                ours=f"{figure(worst['first'])}x; {figure(worst['next'])}x",
                goal="2x",
                met=all(one.met for one in goals),
            )
        ],
    )


_TURNS: Final = {"1,000 x 1 turns": 1, "100 x 10 turns": 10, "1 x 1,000 turns": 200}
"""Of the conversations that are replayed; the longest has a fifth of the turns of its tape, whose calls cost five times
as much: replaying all would take most of the time that there is.
"""


def _replayed(effort: Effort, *, calls: str) -> float:
    """CPU seconds of one replayed call, in the mean of all after the first test."""
    numbers = [int(one) for one in calls.split(",")]
    ran = Project.of(OURS, "test_calls.py", effort.provider, calls=calls).replay()
    return ran.after_first / sum(numbers[1:])
