"""What recording adds to a live call, against the local provider, the journal included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.arms import CASSETTER, FLOOR, MOCKLLM, OURS, RECORDING, Arm
from benchmarks.progress import begin
from benchmarks.projects import Project
from benchmarks.replays import Effort, Found, calls_of
from benchmarks.rounds import Contender, Measured, Series, interleaved
from benchmarks.tables import Cell, Headline, Table, figure, spread

UNRECORDED = replace(FLOOR, name="live, unrecorded", conftest="arm_plain", record=(), checks="")


def recording(effort: Effort) -> Iterator[Table]:
    """Tests of 1 to 10 calls, each recorded anew in every round; the provider is a process of its own."""
    tests = 10 if effort.quick else 50
    begin(f"recording {tests} tests")
    calls = calls_of(tests)
    arms = (UNRECORDED, OURS, *(() if effort.quick else (RECORDING, CASSETTER, MOCKLLM)))
    found, noise = interleaved(
        [Contender(name=arm.name, run=_runs(effort, arm, calls), once=arm not in (UNRECORDED, OURS)) for arm in arms],
        rounds=1 if effort.quick else 4,
    )
    all_of_them = Found(arms=found, noise=noise)
    goals = [
        all_of_them.goal("each recorded call, CPU", 1.10, "per call"),
        all_of_them.goal("each recorded call, wall", 1.10, "wall per call"),
        all_of_them.goal("whole run, wall", 1.10, "wall"),
    ]
    ours, live = all_of_them.ours.value("wall per call") or 0.0, found[0].value("wall per call") or 0.0
    yield Table(
        title=f"Recording {tests} tests of 1-10 calls against the local provider",
        columns=(
            "arm",
            *("CPU ms/call", "x live", "spread"),
            *("wall ms/call", "x live ", "spread "),
            *("CPU s", "wall s", "x live  ", "rounds"),
        ),
        rows=[_row(one) for one in (found[0], noise, *found[1:])],
        goals=goals,
        notes=[
            f"The provider answers at once; to a call that takes a second, {figure(ours - live)} ms come on top.",
        ],
        headlines=[
            Headline(
                case=f"recording, each live call: {name}",
                floor=f"{figure(found[0].value(what) or 0.0)} ms",
                ours=goal.measured,
                noise=goal.noise,
                goal=goal.bound,
                met=goal.met,
            )
            for name, what, goal in (("CPU", "per call", goals[0]), ("wall", "wall per call", goals[1]))
        ],
    )


def _row(one: Series) -> list[Cell]:
    if not one.rounds:
        return [one.name, f"cannot: {one.cannot}", *[None] * 8, 0]
    each: list[Cell] = []
    for what in ("per call", "wall per call"):
        each += [one.value(what), one.ratio(what), spread(one.ratios(what))]
    return [one.name, *each, one.value("cpu"), one.value("wall"), one.ratio("wall"), len(one.rounds)]


def _runs(effort: Effort, arm: Arm, calls: str) -> Callable[[], Measured]:
    numbers = [int(one) for one in calls.split(",")]
    project = Project.fresh(arm, "test_calls.py", effort.provider, calls=calls, for_="recording")
    project.clear()

    def once() -> Measured:
        if arm.name != UNRECORDED.name:  # there is nothing to clear, and two are run in its folder
            project.clear()
        ran = project.record()
        made = sum(numbers[1:])
        return {
            "cpu": ran.cpu,
            "wall": ran.wall,
            "per call": 1000 * ran.after_first / made,
            "wall per call": 1000 * ran.wall_after_first / made,
        }

    return once
