"""What recording adds to a live call, against the local provider, the journal included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.arms import CASSETTER, FLOOR, MOCKLLM, OURS, RECORDING, Arm
from benchmarks.projects import Project
from benchmarks.replays import Effort, calls_of, goal
from benchmarks.rounds import Contender, Measured, interleaved
from benchmarks.tables import Table, spread

UNRECORDED = replace(FLOOR, name="live, unrecorded", conftest="arm_plain", record=(), checks="")
AGAIN = replace(UNRECORDED, name="live, again")


def recording(effort: Effort) -> Iterator[Table]:
    """100 tests of 1 to 10 calls, each recorded anew in every round."""
    tests = 20 if effort.quick else 100
    calls = calls_of(tests)
    arms = (UNRECORDED, AGAIN, OURS, *(() if effort.quick else (RECORDING, CASSETTER, MOCKLLM)))
    found = interleaved(
        [
            Contender(
                name=arm.name,
                run=_runs(effort, arm, calls),
                rounds=effort.rounds if arm in (UNRECORDED, AGAIN, OURS) else 2,
            )
            for arm in arms
        ],
        seconds=effort.share(50),
    )
    yield Table(
        title=f"Recording {tests} tests of 1-10 calls against the local provider",
        columns=("arm", "CPU s", "x live", "ms/call", "x live ", "spread", "wall s", "x live  ", "rounds"),
        rows=[
            [
                one.name,
                one.value("cpu"),
                one.ratio("cpu"),
                one.value("per call"),
                one.ratio("per call"),
                spread(one.ratios("per call")),
                one.value("wall"),
                one.ratio("wall"),
                len(one.rounds),
            ]
            for one in found
        ],
        goals=[
            goal(found, "each recorded call, CPU", 1.10, "per call"),
            goal(found, "whole run, wall", 1.10, "wall"),
        ],
        notes=["The provider answers at once; a real one takes a thousand times what is measured here."],
    )


def _runs(effort: Effort, arm: Arm, calls: str) -> Callable[[], Measured]:
    numbers = [int(one) for one in calls.split(",")]
    project: list[Project] = []

    def once() -> Measured:
        if not project:
            project.append(Project.fresh(arm, "test_calls.py", effort.provider, calls=calls, for_="recording"))
        project[0].clear()
        ran = project[0].record()
        return {"cpu": ran.cpu, "wall": ran.wall, "per call": 1000 * ran.after_first / sum(numbers[1:])}

    return once
