"""Arms side by side, round after round: what each costs against the floor of the same round."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median

from benchmarks.progress import say
from benchmarks.turns import TURNS, Turns

Measured = Mapping[str, float]
"""What one run of one arm cost, by what was measured."""

LANES = min(2, os.cpu_count() or 1)
"""Rounds that are run at once, each on a core of its own, where what is measured is CPU of one process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One run of an arm, and what it is compared with."""

    own: Measured
    floor: Measured
    """The mean of the two floors of the round."""


@dataclass(slots=True, kw_only=True)
class Series:
    """All rounds of one arm."""

    name: str
    rounds: dict[int, Round] = field(default_factory=dict)
    """By their numbers."""
    cannot: str | None = None
    """Why it has no more rounds."""
    note: str = ""

    def value(self, what: str) -> float | None:
        """The median of what it cost."""
        return median(one.own[what] for one in self.rounds.values()) if self.rounds else None

    def ratios(self, what: str) -> list[float]:
        """How many times the floor it cost, round by round, from the least."""
        return sorted(one.own[what] / one.floor[what] for one in self.rounds.values())

    def ratio(self, what: str) -> float | None:
        """The median of these."""
        found = self.ratios(what)
        return median(found) if found else None

    def against(self, other: Series, what: str) -> float | None:
        """How many times another arm it cost, in the rounds that both were in; the median."""
        both = self.rounds.keys() & other.rounds.keys()
        return median(self.rounds[at].own[what] / other.rounds[at].own[what] for at in both) if both else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """What is to be measured."""

    name: str
    run: Callable[[], Measured]
    """Raises: `CannotRunError`."""
    once: bool = False
    """Takes part in one round, not in all."""
    weight: int = 1
    """How long that takes, roughly: rounds are to take equally long."""
    note: str = ""


class CannotRunError(Exception):
    """Why a contender has no result."""


def interleaved(
    contenders: Sequence[Contender], *, rounds: int, lanes: int = 1, pinned: bool = True
) -> tuple[list[Series], Series]:
    """Run all of them in turns, so many rounds; the first is the floor, which is in every round twice.

    Those that take part once are spread over the rounds.

    Args:
        contenders: The floor, and the others.
        rounds: How many.
        lanes: How many rounds are run at once.
        pinned: Keep each round on one core; those whose processes start others need more.

    Returns:
        A series for each of them, and the floor against itself, which is what noise does to a ratio.
    """
    match = _Match(contenders, rounds=rounds)
    with ThreadPoolExecutor(lanes, initializer=_Cores(lanes if pinned else 0).pin) as pool:
        for done in [pool.submit(match.play, number) for number in range(rounds)]:
            done.result()
    return match.series, match.noise


class _Cores:
    """A core for each lane: processes inherit that of the thread that starts them."""

    def __init__(self, lanes: int) -> None:
        found = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self._free = found if 0 < lanes <= len(found) else []
        self._lock = threading.Lock()

    def pin(self) -> None:
        """Keep this thread on one core, where there is one for each lane."""
        with self._lock:
            if self._free:
                os.sched_setaffinity(0, {self._free.pop()})


class _Match:
    """All rounds."""

    def __init__(self, contenders: Sequence[Contender], *, rounds: int) -> None:
        self._floor, *self._others = contenders
        self._rounds = rounds
        self._once = _spread([one for one in self._others if one.once], rounds)
        self._by_name = {one.name: Series(name=one.name, note=one.note) for one in contenders}
        self._noise = Series(name=f"{self._floor.name}, again", note=self._floor.note)

    @property
    def series(self) -> list[Series]:
        """Of each contender."""
        return list(self._by_name.values())

    @property
    def noise(self) -> Series:
        """The floor against itself."""
        return self._noise

    def play(self, number: int) -> None:
        """One round: all that are in it, in turns."""
        others = [one for one in self._others if self._once.get(one.name, number) == number]
        with ThreadPoolExecutor(len(others) + 2, initializer=TURNS.set, initargs=(Turns(),)) as pool:
            floors = [pool.submit(self._floor.run) for _ in range(2)]
            running = [(one, pool.submit(self._measured, one)) for one in others]
        first, last = (one.result() for one in floors)
        mean = {what: (first[what] + last[what]) / 2 for what in first}
        results = {one.name: found for one, done in running if (found := done.result()) is not None}
        for name, measured in {self._floor.name: mean, **results}.items():
            self._by_name[name].rounds[number] = Round(own=measured, floor=mean)
        self._noise.rounds[number] = Round(own=last, floor=first)
        say(f"round {number + 1} of {self._rounds}")

    def _measured(self, one: Contender) -> Measured | None:
        series = self._by_name[one.name]
        try:
            return None if series.cannot else one.run()
        except CannotRunError as error:
            series.cannot = str(error)
            return None


def _spread(contenders: Sequence[Contender], rounds: int) -> dict[str, int]:
    """The round that each is in: the longest first, each where there is least to do."""
    load, made = [0] * rounds, {}
    for one in sorted(contenders, key=lambda one: -one.weight):
        at = load.index(min(load))
        load[at] += one.weight
        made[one.name] = at
    return made
