"""Longest common subsequences of long sequences that differ little, in near-linear time."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import compress, count
from operator import ne
from typing import Final

_FEW: Final = 64
"""Insertions and deletions up to which a stretch is aligned exactly."""

Gap = tuple[int, int, int, int]
"""A stretch of both sides: from, to on the left; from, to on the right."""


def align(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs of positions of equal items, rising on both sides.

    Equal beginnings and ends are matched first. A rest with few changes is aligned exactly (Myers); one with many by
    the items that occur once on both sides (patience diff), and what lies between those in the same way; one without
    such items by occurrence.
    """
    pairs: list[tuple[int, int]] = []
    waiting: list[Gap] = [(0, len(left), 0, len(right))]
    while waiting:
        left_from, left_to, right_from, right_to = waiting.pop()
        start = prefix_length(left, right, (left_from, left_to, right_from, right_to))
        pairs.extend((left_from + step, right_from + step) for step in range(start))
        left_from, right_from = left_from + start, right_from + start
        end = 0
        while (
            left_to - end > left_from
            and right_to - end > right_from
            and left[left_to - end - 1] == right[right_to - end - 1]
        ):
            end += 1
            pairs.append((left_to - end, right_to - end))
        rest = (left_from, left_to - end, right_from, right_to - end)
        if rest[0] < rest[1] and rest[2] < rest[3]:
            anchors, again = _anchors(left, right, rest)
            pairs.extend(anchors)
            if again:
                waiting.extend(gap for gap in gaps(anchors, rest) if gap[0] < gap[1] and gap[2] < gap[3])
    pairs.sort()
    return pairs


def prefix_length(left: Sequence[Hashable], right: Sequence[Hashable], within: Gap | None = None) -> int:
    """How many items two sequences, or a stretch of them, begin with in common."""
    left_from, left_to, right_from, right_to = within or (0, len(left), 0, len(right))
    longest = min(left_to - left_from, right_to - right_from)
    if left[left_from : left_from + longest] == right[right_from : right_from + longest]:
        return longest
    others = map(ne, left[left_from : left_from + longest], right[right_from : right_from + longest])
    return next(compress(count(), others), longest)


def gaps(pairs: Sequence[tuple[int, int]], whole: Gap) -> Iterator[Gap]:
    """The stretches between matched positions, given in rising order, and at both ends; the empty ones too."""
    left_at, left_to, right_at, right_to = whole
    for left_position, right_position in pairs:
        yield left_at, left_position, right_at, right_position
        left_at, right_at = left_position + 1, right_position + 1
    yield left_at, left_to, right_at, right_to


def rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of pairs, rising on the left, that rises on the right too (patience sorting)."""
    tops: list[int] = []
    ends: list[int] = []
    before: list[int | None] = []
    for index, (_, position) in enumerate(pairs):
        pile = bisect_left(tops, position)
        before.append(ends[pile - 1] if pile else None)
        if pile == len(tops):
            tops.append(position)
            ends.append(index)
        else:
            tops[pile] = position
            ends[pile] = index
    chain = []
    at = ends[-1] if ends else None
    while at is not None:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]


def _anchors(left: Sequence[Hashable], right: Sequence[Hashable], gap: Gap) -> tuple[list[tuple[int, int]], bool]:
    """Sure matches in a stretch, and whether what lies between them is worth another look."""
    left_from, left_to, right_from, right_to = gap
    here, there = left[left_from:left_to], right[right_from:right_to]
    here_counts, there_counts = Counter(here), Counter(there)
    if here_counts.keys().isdisjoint(there_counts):
        return [], False
    exact = _few_edits(here, there)
    if exact is not None:
        return [(left_from + one, right_from + other) for one, other in exact], False
    positions = {
        item: right_from + offset
        for offset, item in enumerate(there)
        if there_counts[item] == 1 and here_counts.get(item) == 1
    }
    if positions:
        candidates = [(left_from + at, positions[item]) for at, item in enumerate(here) if item in positions]
        return rising(candidates), True
    return rising(_by_occurrence(left, right, gap)), False


def _by_occurrence(left: Sequence[Hashable], right: Sequence[Hashable], gap: Gap) -> list[tuple[int, int]]:
    """The first occurrence of an item with the first on the other side, the second with the second, ..."""
    left_from, left_to, right_from, right_to = gap
    places: dict[tuple[Hashable, int], int] = {}
    seen: Counter[Hashable] = Counter()
    for position in range(right_from, right_to):
        item = right[position]
        places[item, seen[item]] = position
        seen[item] += 1
    seen.clear()
    pairs = []
    for position in range(left_from, left_to):
        item = left[position]
        other = places.get((item, seen[item]))
        seen[item] += 1
        if other is not None:
            pairs.append((position, other))
    return pairs


def _few_edits(here: Sequence[Hashable], there: Sequence[Hashable]) -> list[tuple[int, int]] | None:
    """A longest common subsequence, or `None` where that takes more than a few insertions and deletions.

    The greedy algorithm of Myers, "An O(ND) Difference Algorithm and Its Variations" (1986): for each number of edits,
    how far each diagonal reaches.
    """
    reach = {1: 0}
    rounds: list[dict[int, int]] = []
    for edits in range(min(len(here) + len(there), _FEW) + 1):
        rounds.append(dict(reach))
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1])
            one = reach[diagonal + 1] if down else reach[diagonal - 1] + 1
            other = one - diagonal
            while one < len(here) and other < len(there) and here[one] == there[other]:
                one, other = one + 1, other + 1
            reach[diagonal] = one
            if one >= len(here) and other >= len(there):
                return _walked_back(rounds, len(here), len(there))
    return None


def _walked_back(rounds: Sequence[dict[int, int]], one: int, other: int) -> list[tuple[int, int]]:
    """The matches on the way that `_few_edits` found, from its end to its beginning."""
    pairs = []
    for edits in range(len(rounds) - 1, -1, -1):
        reach, diagonal = rounds[edits], one - other
        down = diagonal == -edits or (diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1])
        before = diagonal + 1 if down else diagonal - 1
        start = reach[before] if edits else 0
        after = (start if down else start + 1) if edits else 0
        while one > after:
            one, other = one - 1, other - 1
            pairs.append((one, other))
        one, other = start, start - before
    return pairs[::-1]
