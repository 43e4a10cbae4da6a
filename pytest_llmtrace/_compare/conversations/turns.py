"""Which turn of a golden conversation is which turn of an observed one."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_llmtrace._compare.calls.fingerprints import TurnPrint
from pytest_llmtrace._compare.calls.keys import Keys
from pytest_llmtrace._compare.differences.align import Gap, align, gaps

_TABLE: Final = 4_000
"""Pairs of turns up to which a stretch in which everything changed is aligned by likeness, not just in order."""

Prints = Sequence[TurnPrint]
Pairs = list[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Positions of golden and observed turns."""

    pairs: Pairs
    """In the same order on both sides, except where several calls send the same messages."""
    moved: Pairs
    """The same turn, at another place in the order."""
    missing: list[int]
    """Golden turns that were not made."""
    added: list[int]
    """Observed turns that are not in the golden trace."""

    @property
    def aligned(self) -> Pairs:
        """The turns that are on both sides, in golden order."""
        return sorted((*self.pairs, *self.moved))


def align_turns(golden: Prints, observed: Prints) -> Alignment:
    """Align two conversations turn by turn.

    Turns that are equal in all they brought are matched first, then those equal in less and less of it; what is left
    over between the same neighbours is matched by likeness. Near-linear where little changed.
    """
    pairs: Pairs = []
    for tell in (_everything, _said_and_heard, _brought_and_heard):
        pairs = _refined(pairs, golden, observed, tell)
    moved = _moved(pairs, golden, observed)
    pairs = _refined(pairs, golden, observed, _brought, moved)
    pairs = _by_likeness(pairs, golden, observed, moved)
    pairs.extend(_in_fan_outs([*pairs, *moved], golden, observed))
    used_here = {one for one, _ in pairs} | {one for one, _ in moved}
    used_there = {other for _, other in pairs} | {other for _, other in moved}
    return Alignment(
        pairs=pairs,
        moved=moved,
        missing=[one for one in range(len(golden)) if one not in used_here],
        added=[other for other in range(len(observed)) if other not in used_there],
    )


def ranks(turns: Prints) -> dict[int, int]:
    """The turns of a conversation, from 1, by the position of their calls in the trace."""
    return {at: rank for rank, at in enumerate(sorted(turn.at for turn in turns), start=1)}


Tell = Callable[[TurnPrint], Hashable]
"""What of a turn must be equal; a turn without it is equal to none."""


def _everything(one: TurnPrint) -> Hashable:
    return one if one.missed else (one.head, one.added, one.reply)


def _said_and_heard(one: TurnPrint) -> Hashable:
    return one if one.missed else (one.added, one.reply)


def _brought_and_heard(one: TurnPrint) -> Hashable:
    return one if one.missed else (one.brought, one.reply)


def _brought(one: TurnPrint) -> Hashable:
    return one.brought or one


def _refined(pairs: Pairs, golden: Prints, observed: Prints, tell: Tell, moved: Pairs | None = None) -> Pairs:
    """The pairs, and those found by `tell` in the gaps between them."""
    if len(pairs) == min(len(golden), len(observed)):
        return pairs
    found = list(pairs)
    for here, there in _open(pairs, golden, observed, moved or []):
        keys = [tell(golden[one]) for one in here], [tell(observed[other]) for other in there]
        found.extend((here[one], there[other]) for one, other in align(*keys))
    return sorted(found)


def _open(pairs: Pairs, golden: Prints, observed: Prints, moved: Pairs) -> list[tuple[list[int], list[int]]]:
    """The turns between the pairs, where there are some on both sides; moved ones are spoken for."""
    whole: Gap = (0, len(golden), 0, len(observed))
    taken_here, taken_there = {one for one, _ in moved}, {other for _, other in moved}
    stretches = []
    for gap in gaps(pairs, whole):
        here = [one for one in range(gap[0], gap[1]) if one not in taken_here]
        there = [other for other in range(gap[2], gap[3]) if other not in taken_there]
        if here and there:
            stretches.append((here, there))
    return stretches


def _moved(pairs: Pairs, golden: Prints, observed: Prints) -> Pairs:
    """Turns that are left on both sides and brought and heard the same."""
    used_here, used_there = {one for one, _ in pairs}, {other for _, other in pairs}
    waiting: dict[Hashable, deque[int]] = {}
    for other, print_ in enumerate(observed):
        if other not in used_there:
            waiting.setdefault(_brought_and_heard(print_), deque()).append(other)
    moved = []
    for one, print_ in enumerate(golden):
        if one not in used_here and (places := waiting.get(_brought_and_heard(print_))):
            moved.append((one, places.popleft()))
    return moved


def _in_fan_outs(pairs: Pairs, golden: Prints, observed: Prints) -> Pairs:
    """Turns that are left and belong to a fan-out, one after the other with the same messages: its order is free."""
    used_here, used_there = {one for one, _ in pairs}, {other for _, other in pairs}
    fan_outs = {
        one.keys
        for side in (golden, observed)
        for one, after in itertools.pairwise(side)
        if len(one.keys) == len(after.keys) and one.keys == after.keys
    }
    waiting: dict[Keys, deque[int]] = {}
    for other, turn in enumerate(observed if fan_outs else ()):
        if other not in used_there and turn.keys in fan_outs:
            waiting.setdefault(turn.keys, deque()).append(other)
    left = [one for one in range(len(golden)) if one not in used_here and golden[one].keys in waiting]
    return [(one, places.popleft()) for one in left if (places := waiting[golden[one].keys])]


def _by_likeness(pairs: Pairs, golden: Prints, observed: Prints, moved: Pairs) -> Pairs:
    found = list(pairs)
    for here, there in _open(pairs, golden, observed, moved):
        if len(here) * len(there) > _TABLE:
            found.extend(_in_order(here, there, golden, observed))
        else:
            found.extend(_most_alike(here, there, golden, observed))
    return sorted(found)


def _in_order(here: Sequence[int], there: Sequence[int], golden: Prints, observed: Prints) -> Pairs:
    return [
        (one, other) for one, other in zip(here, there, strict=False) if golden[one].embeds == observed[other].embeds
    ]


def _most_alike(here: Sequence[int], there: Sequence[int], golden: Prints, observed: Prints) -> Pairs:
    """The pairing in order with the greatest likeness in sum; as many as can be are paired, the earliest in a tie."""
    scores = [[_likeness(golden[one], observed[other]) for other in there] for one in here]
    best = [[0.0] * (len(there) + 1) for _ in range(len(here) + 1)]
    for row in range(len(here) - 1, -1, -1):
        for column in range(len(there) - 1, -1, -1):
            score = scores[row][column]
            together = best[row + 1][column + 1] + score if score else 0.0
            best[row][column] = max(together, best[row + 1][column], best[row][column + 1])
    pairs: Pairs = []
    row = column = 0
    while row < len(here) and column < len(there):
        score = scores[row][column]
        if score and best[row][column] == best[row + 1][column + 1] + score:
            pairs.append((here[row], there[column]))
            row, column = row + 1, column + 1
        elif best[row][column] == best[row][column + 1]:
            column += 1
        else:
            row += 1
    return pairs


def _likeness(golden: TurnPrint, observed: TurnPrint) -> float:
    """How much two turns have in common; 0: they cannot be the same call."""
    if golden.embeds != observed.embeds:
        return 0.0
    one, other = golden.call, observed.call
    score = 100.0  # more than all the rest: as many turns as possible are paired
    score += 8 * _shared(golden.added, observed.added)
    score += 4 * golden.keys.common(observed.keys) / max(len(golden.keys), len(observed.keys), 1)
    score += 6 * (golden.reply == observed.reply)
    score += 3 * (golden.roles == observed.roles)
    score += 2 * (len(golden.keys) == len(observed.keys))
    score += 2 * (golden.head == observed.head)
    return score + (one.name == other.name)


def _shared(golden: Sequence[str], observed: Sequence[str]) -> float:
    """Share of the messages that both have."""
    common = (Counter(golden) & Counter(observed)).total()
    return common / max(len(golden), len(observed), 1)
