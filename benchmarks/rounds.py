"""Arms in turn, round after round: what each costs against the floor of the same round."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

Measured = Mapping[str, float]
"""What one run of one arm cost, by what was measured."""


@dataclass(slots=True, kw_only=True)
class Series:
    """All rounds of one arm."""

    name: str
    rounds: list[tuple[Measured, Measured]] = field(default_factory=list)
    """What it cost, and what the floor cost in the same round."""
    cannot: str | None = None
    """Why it has no more rounds."""
    note: str = ""

    def value(self, what: str) -> float | None:
        """The median of what it cost."""
        return median(own[what] for own, _ in self.rounds) if self.rounds else None

    def ratios(self, what: str) -> list[float]:
        """How many times the floor it cost, round by round, from the least."""
        return sorted(own[what] / floor[what] for own, floor in self.rounds)

    def ratio(self, what: str) -> float | None:
        """The median of these."""
        found = self.ratios(what)
        return median(found) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """What is to be measured."""

    name: str
    run: Callable[[], Measured]
    """Raises: `CannotRunError`."""
    rounds: int
    """At most so many."""
    note: str = ""


class CannotRunError(Exception):
    """Why a contender has no result."""


def interleaved(contenders: Sequence[Contender], *, seconds: float) -> list[Series]:
    """Run all of them in turn until the rounds are done or the time is over; the first is the floor.

    Everyone has one round at least. A round begins with the floor, and the order of the rest turns.
    """
    made = [Series(name=one.name, note=one.note) for one in contenders]
    ends = time.perf_counter() + seconds
    for number in range(max(one.rounds for one in contenders)):
        if number and time.perf_counter() > ends:
            break
        floor = contenders[0].run()
        made[0].rounds.append((floor, floor))
        others = list(range(1, len(contenders)))
        for at in (*others[number % len(others) :], *others[: number % len(others)]) if others else ():
            one, series = contenders[at], made[at]
            if series.cannot is not None or number >= one.rounds:
                continue
            try:
                series.rounds.append((one.run(), floor))
            except CannotRunError as error:
                series.cannot = str(error)
    return made
