"""The histories of aligned turns against each other, turn after turn, without looking at what was compared before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pytest_llmtrace._compare.calls.keys import Keys
from pytest_llmtrace._compare.differences.align import Gap, align, gaps

Cause = TypeVar("Cause")


@dataclass(slots=True, kw_only=True)
class Hunk(Generic[Cause]):
    """A stretch of two histories that is not equal: golden messages, and the observed ones in their place."""

    golden: tuple[int, int]
    """From, to: positions in the golden history."""
    observed: tuple[int, int]
    causes: list[Cause] = field(default_factory=list)
    """What was made of it when it first appeared."""
    settled: bool = False
    """Whether each of its messages was compared with the one in its place: what follows changes nothing."""
    joins: bool = False
    """Whether it goes on from the one before it, with nothing equal in between."""


class Histories(Generic[Cause]):
    """Compares the histories of successive turns of one conversation: each turn costs what it added."""

    def __init__(self) -> None:
        self._golden = Keys()
        self._observed = Keys()
        self._hunks: list[Hunk[Cause]] = []
        self._open: tuple[set[str], set[str]] = set(), set()
        """Digests of the messages in the last hunk and those that it joins."""

    def advance(self, golden: Keys, observed: Keys) -> tuple[list[Hunk[Cause]], list[Hunk[Cause]]]:
        """Go on to the next turn, given the digests of both histories.

        Returns: the hunks that were there before and still are, and the new ones.
        """
        same = (self._golden.common(golden), self._observed.common(observed))
        kept: list[Hunk[Cause]] = []
        here = there = 0
        limit = same
        for hunk in self._hunks:
            # Where nothing equal follows yet, it may turn out to be the beginning of something else.
            if hunk.golden[1] >= same[0] or hunk.observed[1] >= same[1]:
                if self._goes_on(hunk, golden, observed):
                    return self._joined(hunk, golden, observed)
                first = hunk
                while first.joins:
                    first = kept.pop()
                limit = (min(same[0], first.golden[0]), min(same[1], first.observed[0]))
                here, there = (kept[-1].golden[1], kept[-1].observed[1]) if kept else (0, 0)
                break
            kept.append(hunk)
            here, there = hunk.golden[1], hunk.observed[1]
        run = min(limit[0] - here, limit[1] - there)
        start = (here + run, there + run)
        new = [Hunk[Cause](golden=gap[:2], observed=gap[2:]) for gap in _differing(golden, observed, *start)]
        self._golden, self._observed, self._hunks = golden, observed, kept + new
        return kept, new

    def _goes_on(self, hunk: Hunk[Cause], golden: Keys, observed: Keys) -> bool:
        """Whether both histories end with a settled hunk, and go on with nothing that the other one has there.

        Then what is new stands for itself: two conversations that differ in everything would else be compared from the
        beginning in every turn.
        """
        ends = len(self._golden), len(self._observed)
        if hunk is not self._hunks[-1] or not hunk.settled or (hunk.golden[1], hunk.observed[1]) != ends:
            return False
        if (self._golden.common(golden), self._observed.common(observed)) != ends:
            return False
        if not hunk.joins:
            start = hunk.golden[0], hunk.observed[0]
            self._open = set(self._golden.since(start[0])), set(self._observed.since(start[1]))
        here, there = golden.since(ends[0]), observed.since(ends[1])
        apart = self._open[1].isdisjoint(here) and self._open[0].isdisjoint(there) and set(here).isdisjoint(there)
        return bool(here and there) and apart

    def _joined(self, last: Hunk[Cause], golden: Keys, observed: Keys) -> tuple[list[Hunk[Cause]], list[Hunk[Cause]]]:
        """The next turn, with what it adds as one more hunk."""
        kept = self._hunks
        new = Hunk[Cause](golden=(last.golden[1], len(golden)), observed=(last.observed[1], len(observed)), joins=True)
        self._open[0].update(golden.since(last.golden[1]))
        self._open[1].update(observed.since(last.observed[1]))
        self._golden, self._observed, self._hunks = golden, observed, [*kept, new]
        return kept, [new]


def _differing(golden: Keys, observed: Keys, here: int, there: int) -> list[Gap]:
    """The stretches that are not equal, from a position on each side."""
    here_rest, there_rest = golden.since(here), observed.since(there)
    if here_rest == there_rest:
        return []
    pairs = align(here_rest, there_rest)
    whole = (0, len(here_rest), 0, len(there_rest))
    return [
        (here + gap[0], here + gap[1], there + gap[2], there + gap[3])
        for gap in gaps(pairs, whole)
        if gap[0] < gap[1] or gap[2] < gap[3]
    ]
