"""Whole runs of pytest side by side: how contenders are made of arms, and tables of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.arms import FLOOR, OURS, PEERS, Arm
from benchmarks.environments import CannotInstallError
from benchmarks.progress import say
from benchmarks.projects import Project, Provider
from benchmarks.rounds import LANES, CannotRunError, Contender, Measured, Series, interleaved
from benchmarks.tables import Cell, Goal, Headline, Table, figure, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is run."""

    provider: Provider
    quick: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What arms cost beside the floor."""

    arms: list[Series]
    """The floor is the first."""
    noise: Series
    """The floor against itself."""

    def named(self, name: str) -> Series:
        """The series of an arm. Raises: `CannotRunError`, where it has no figures."""
        one = next(one for one in self.arms if one.name == name)
        if not one.rounds:
            raise CannotRunError(f"{name}: {one.cannot}")
        return one

    @property
    def ours(self) -> Series:
        """Ours."""
        return self.named(OURS.name)

    def goal(self, what: str, limit: float, measured: str) -> Goal:
        """What ours is to keep against the floor."""
        value = self.ours.ratio(measured)
        assert value is not None
        return Goal(what=what, value=value, limit=limit, noise=spread(self.noise.ratios(measured)))

    def faster(self, measured: str = "cpu") -> list[Goal]:
        """Faster than every peer that checks the body, in the rounds that both were in."""
        goals = []
        for one in self.arms:
            ratio = self.ours.against(one, measured)
            if one.name in _BODY and ratio is not None:
                goals.append(Goal(what=f"against {one.name}", value=ratio, limit=1.0))
        return goals

    def headline(self, case: str, goals: Sequence[Goal], *, measured: str, unit: str) -> Headline:
        """One line, for the first of the goals; all of them are to be met."""
        peers = [(one.ratio(measured) or 0.0, one.name) for one in self.arms if one.name in _BODY and one.rounds]
        best = min(peers, default=None)
        return Headline(
            case=case,
            floor=f"{figure(self.arms[0].value(measured) or 0.0)} {unit}",
            ours=goals[0].measured,
            noise=goals[0].noise,
            peer=f"{figure(best[0])}x {best[1]}" if best else "",
            goal=goals[0].bound,
            met=all(one.met for one in goals),
        )


_BODY = frozenset(one.name for one in PEERS if "body" in one.checks)


def calls_of(tests: int) -> str:
    """So many tests with 1 to 10 calls each."""
    return ",".join(str(1 + at % 10) for at in range(tests))


def side_by_side(
    effort: Effort,
    test: str,
    *,
    calls: str,
    rounds: int,
    arms: Sequence[Arm] = PEERS,
    alone: bool = False,
    options: Sequence[str] = (),
    every: Sequence[str] = (),
    seconds: float = 90,
    **env: object,
) -> Found:
    """The floor, ours and others with the tests of one file.

    Args:
        effort: How much is run; a quick run has no peers.
        test: The file.
        calls: Of each test, as `BENCH_CALLS`.
        rounds: Of the floor and ours; others are in one of them.
        arms: Who takes part besides.
        alone: One round after the other, on all cores.
        options: Arguments of ours alone.
        every: Arguments of all.
        seconds: What one run may take; three times that of the floor and ours.
        env: More settings of the tests.
    """
    numbers = [int(one) for one in calls.split(",")]
    taking_part = (FLOOR, OURS, *(() if effort.quick else arms))
    projects = prepared(effort, taking_part, test, calls=calls, **env)
    contenders = []
    for arm in taking_part:
        once = arm not in (FLOOR, OURS)
        run = _runs(
            projects[arm.name],
            options=(*every, *(options if arm is OURS else ())),
            calls=sum(numbers[1:]),
            seconds=seconds if once else 3 * seconds,
        )
        contenders.append(Contender(name=arm.name, run=run, once=once, weight=arm.weight, note=arm.checks))
    found, noise = interleaved(contenders, rounds=rounds, lanes=1 if alone else LANES, pinned=not alone)
    return Found(arms=found, noise=noise)


def prepared(effort: Effort, arms: Sequence[Arm], test: str, **env: object) -> dict[str, Project | CannotRunError]:
    """The project of each arm, recorded; as many at once as there are cores."""
    made: dict[str, Project | CannotRunError] = {}
    folders: dict[str, list[Project]] = {}
    for arm in arms:
        try:
            arm.python  # noqa: B018 -- is installed now
            project = Project.fresh(arm, test, effort.provider, **env)
            folders.setdefault(str(project.folder), []).append(project)
        except CannotInstallError as error:
            made[arm.name] = CannotRunError(str(error))

    def record(projects: Sequence[Project]) -> None:
        for one in projects:
            try:
                one.prepare()
                made[one.arm.name] = one
            except CannotRunError as error:
                made[one.arm.name] = error

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(record, folders.values()))
    say("recorded")
    return made


def _runs(
    project: Project | CannotRunError, *, options: Sequence[str], calls: int, seconds: float
) -> Callable[[], Measured]:
    def once() -> Measured:
        if isinstance(project, CannotRunError):
            raise project
        ran = project.replay(*options, seconds=seconds)
        return {
            "cpu": ran.cpu,
            "wall": ran.wall,
            "per call": 1000 * ran.after_first / calls,
            "peak": ran.peak,
            "size": project.recorded_bytes,
        }

    return once


def what_they_notice(effort: Effort, found: Found, arms: Sequence[Arm], test: str, **env: object) -> None:
    """Note beside the arms that have figures what they really check."""
    by_name = {arm.name: arm for arm in arms}
    asked = [one for one in found.arms if one.rounds and one.name in by_name]

    def ask(one: Series) -> str:
        return Project.fresh(by_name[one.name], test, effort.provider, **env).notices()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for one, note in zip(asked, pool.map(ask, asked), strict=True):
            one.note = note


def table_of(
    title: str,
    found: Found,
    *,
    goals: Sequence[Goal],
    notes: Sequence[str] = (),
    headlines: Sequence[Headline] = (),
    per_call: bool = True,
    checks: str = "checks, by its manual",
) -> Table:
    """Floor, noise, ours and peers as rows.

    Args:
        title: Of the table.
        found: The figures.
        goals: Of the case.
        notes: Below.
        headlines: What is told elsewhere.
        per_call: Whether the calls were all made in the process that is looked at.
        checks: What the last column says.
    """
    columns = ("arm", "CPU s", "x floor", "spread", "ms/call", "x floor ", "spread ", "wall s", "peak MiB", "rounds")
    floor, *others = found.arms
    return Table(
        title=title,
        columns=(*columns, checks),
        rows=[_row(one, per_call=per_call) for one in (floor, found.noise, *others)],
        goals=goals,
        notes=[*notes, *(f"{one.name} cannot: {one.cannot}" for one in found.arms if one.cannot)],
        headlines=headlines,
    )


def _row(one: Series, *, per_call: bool) -> list[Cell]:
    if not one.rounds:
        return [one.name, "cannot", *[None] * 7, 0, one.note]
    each: list[Cell] = [None, None, None]
    if per_call:
        each = [one.value("per call"), one.ratio("per call"), spread(one.ratios("per call"))]
    whole = [one.value("cpu"), one.ratio("cpu"), spread(one.ratios("cpu"))]
    return [one.name, *whole, *each, one.value("wall"), one.value("peak"), len(one.rounds), one.note]
