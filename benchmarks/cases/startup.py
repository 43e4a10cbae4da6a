"""What the plugin costs where it is installed and not asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.arms import FLOOR, OURS, Arm
from benchmarks.projects import Project
from benchmarks.replays import Effort
from benchmarks.rounds import Contender, Measured, interleaved
from benchmarks.tables import Goal, Table, spread

WITHOUT = replace(FLOOR, name="without", conftest="arm_plain", checks="")
AGAIN = replace(WITHOUT, name="without, again")
INSTALLED = replace(OURS, name="installed, unused", record=None, replay=(), checks="")


def startup(effort: Effort) -> Iterator[Table]:
    """An empty project, and 1,000 trivial tests."""
    for tests in (1, 1000):
        found = interleaved(
            [
                Contender(name=arm.name, run=_runs(effort, arm, tests), rounds=3 if effort.quick else 15)
                for arm in (WITHOUT, AGAIN, INSTALLED)
            ],
            seconds=effort.share(40),
        )
        noise = max(abs(one - 1) for one in found[1].ratios("cpu"))
        yield Table(
            title=f"Installed and unused, {'one trivial test' if tests == 1 else '1,000 trivial tests'}",
            columns=("arm", "CPU s", "x", "spread", "wall s", "rounds"),
            rows=[
                [
                    one.name,
                    one.value("cpu"),
                    one.ratio("cpu"),
                    spread(one.ratios("cpu")),
                    one.value("wall"),
                    len(one.rounds),
                ]
                for one in found
            ],
            goals=[
                Goal(
                    what="installed / without, within the noise of without / without",
                    value=found[2].ratio("cpu") or 0,
                    limit=1 + noise,
                )
            ],
        )


def _runs(effort: Effort, arm: Arm, tests: int) -> Callable[[], Measured]:
    project: list[Project] = []

    def once() -> Measured:
        if not project:
            project.append(Project.of(arm, "test_trivial.py", effort.provider, tests=tests))
        ran = project[0].replay()
        return {"cpu": ran.cpu, "wall": ran.wall}

    return once
