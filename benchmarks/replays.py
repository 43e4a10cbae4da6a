"""Whole runs of pytest side by side: how contenders are made of arms, and tables of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.arms import AGAIN, FLOOR, OURS, PEERS, Arm
from benchmarks.projects import Project, Provider
from benchmarks.rounds import CannotRunError, Contender, Measured, Series, interleaved
from benchmarks.tables import Cell, Goal, Table, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much time a run of the benchmarks takes."""

    provider: Provider
    quick: bool

    def share(self, seconds: float) -> float:
        """The seconds that the rounds of a case may take."""
        return seconds / 12 if self.quick else seconds

    @property
    def rounds(self) -> int:
        """Of the floor and ours, at most."""
        return 2 if self.quick else 9


def calls_of(tests: int) -> str:
    """So many tests with 1 to 10 calls each."""
    return ",".join(str(1 + at % 10) for at in range(tests))


def side_by_side(
    effort: Effort,
    test: str,
    *,
    calls: str,
    seconds: float,
    peers: Sequence[Arm] = PEERS,
    options: Sequence[str] = (),
    every: Sequence[str] = (),
    peer_seconds: float = 60,
    **env: object,
) -> list[Series]:
    """The floor, the floor again, ours and the peers with the tests of one file.

    Args:
        effort: How much time there is.
        test: The file.
        calls: Of each test, as `BENCH_CALLS`.
        seconds: What the rounds may take.
        peers: Who takes part besides.
        options: Arguments of ours alone.
        every: Arguments of all.
        peer_seconds: What one run of a peer may take.
        env: More settings of the tests.
    """
    numbers = [int(one) for one in calls.split(",")]
    made = []
    for arm in (FLOOR, AGAIN, OURS, *(() if effort.quick else peers)):
        peer = arm in PEERS
        run = _runs(
            effort,
            arm,
            test,
            {"calls": calls, **env},
            options=(*every, *(options if arm is OURS else ())),
            calls=sum(numbers[1:]),
            seconds=peer_seconds if peer else 300,
        )
        rounds = 2 if peer else effort.rounds
        made.append(Contender(name=arm.name, run=run, rounds=rounds, note=arm.checks))
    return interleaved(made, seconds=effort.share(seconds))


def _runs(
    effort: Effort,
    arm: Arm,
    test: str,
    env: Mapping[str, object],
    *,
    options: Sequence[str],
    calls: int,
    seconds: float,
) -> Callable[[], Measured]:
    project: list[Project] = []

    def once() -> Measured:
        if not project:
            project.append(Project.of(arm, test, effort.provider, **env))
        ran = project[0].replay(*options, seconds=seconds)
        return {
            "cpu": ran.cpu,
            "wall": ran.wall,
            "per call": 1000 * ran.after_first / calls,
            "peak": ran.peak,
            "size": project[0].recorded_bytes,
        }

    return once


def what_they_notice(effort: Effort, found: Sequence[Series], arms: Sequence[Arm], test: str, **env: object) -> None:
    """Note beside the arms that have figures what they really check."""
    by_name = {arm.name: arm for arm in arms}
    for one in found:
        if one.rounds and one.name in by_name:
            one.note = Project.fresh(by_name[one.name], test, effort.provider, **env).notices()


def table_of(title: str, found: Sequence[Series], *, goals: Sequence[Goal], notes: Sequence[str] = ()) -> Table:
    """Floor, ours and peers as rows."""
    return Table(
        title=title,
        columns=(
            "arm",
            "CPU s",
            "x floor",
            "spread",
            "ms/call",
            "x floor ",
            "spread ",
            "wall s",
            "peak MiB",
            "rounds",
            "notices another",
        ),
        rows=[_row(one) for one in found],
        goals=goals,
        notes=[*notes, *(f"{one.name} cannot: {one.cannot}" for one in found if one.cannot)],
    )


def _row(one: Series) -> list[Cell]:
    if not one.rounds:
        return [one.name, "cannot", *[None] * 7, 0, one.note]
    per_call, whole = one.ratios("per call"), one.ratios("cpu")
    return [
        one.name,
        one.value("cpu"),
        one.ratio("cpu"),
        spread(whole),
        one.value("per call"),
        one.ratio("per call"),
        spread(per_call),
        one.value("wall"),
        one.value("peak"),
        len(one.rounds),
        one.note,
    ]


def named(found: Sequence[Series], name: str) -> Series:
    """The series of an arm. Raises: `CannotRunError`, where it has no figures."""
    one = next(one for one in found if one.name == name)
    if not one.rounds:
        raise CannotRunError(f"{name}: {one.cannot}")
    return one


def goal(found: Sequence[Series], what: str, limit: float, measured: str) -> Goal:
    """What ours is to keep against the floor."""
    value = named(found, OURS.name).ratio(measured)
    assert value is not None
    return Goal(what=what, value=value, limit=limit)
