"""What the plugin costs where it is installed and not asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.arms import FLOOR, OURS, Arm
from benchmarks.noise import interval, noise_of
from benchmarks.progress import begin
from benchmarks.projects import Project
from benchmarks.replays import Effort
from benchmarks.rounds import LANES, Contender, Measured, Series, interleaved
from benchmarks.tables import Cell, Goal, Headline, Table, figure, spread

WITHOUT = replace(FLOOR, name="without", conftest="arm_plain", checks="")
INSTALLED = replace(OURS, name="installed, unused", record=None, replay=(), checks="")
_ROUNDS = {0: 20, 1000: 10}
_QUICK = {0: 5, 1000: 2}
_QUIET = 0.03
"""A machine whose noise is greater proves nothing by it."""


def startup(effort: Effort) -> Iterator[Table]:
    """An empty project, and 1,000 trivial tests."""
    for tests in (0, 1000):
        title = f"{tests:,} trivial tests" if tests else "an empty project"
        begin(f"installed and unused, {title}")
        arms, again = interleaved(
            [Contender(name=arm.name, run=_runs(effort, arm, tests)) for arm in (WITHOUT, INSTALLED)],
            rounds=_QUICK[tests] if effort.quick else _ROUNDS[tests],
            lanes=LANES,
        )
        without, installed = arms
        goal = Goal(
            what="installed / without, within the noise of a run",
            value=installed.ratio("cpu") or 0,
            limit=1 + min(noise_of(again.ratios("cpu")), _QUIET),
            noise=spread(again.ratios("cpu")),
        )
        least, most = interval(installed.ratios("cpu"))
        yield Table(
            title=f"Installed and unused, {title}",
            columns=("arm", "CPU s", "x", "spread", "wall s", "rounds"),
            rows=[_row(one) for one in (without, again, installed)],
            goals=[goal],
            notes=[
                "Noise: two standard deviations of A/A ratios, from their median difference; at most 3 %.",
                f"The median of what was measured for installed lies in {least:.3f}-{most:.3f}, 95 times of 100.",
            ],
            headlines=[
                Headline(
                    case=f"installed and unused, {title}",
                    floor=f"{figure(without.value('cpu') or 0)} s",
                    ours=f"{goal.value:.3f}x",
                    noise=goal.noise,
                    goal=f"noise: {goal.limit:.3f}x",
                    met=goal.met,
                )
            ],
        )


def _row(one: Series) -> list[Cell]:
    ratios = spread(one.ratios("cpu"))
    return [one.name, one.value("cpu"), one.ratio("cpu"), ratios, one.value("wall"), len(one.rounds)]


def _runs(effort: Effort, arm: Arm, tests: int) -> Callable[[], Measured]:
    project = Project.of(arm, "test_trivial.py", effort.provider, tests=tests)

    def once() -> Measured:
        ran = project.replay()
        return {"cpu": ran.cpu, "wall": ran.wall}

    return once
