"""Histories that begin with each other, and how many messages two of them have in common from the start.

Each call of a conversation sends all that was said before it. Whoever makes its history of the one before says so, and
nobody has to compare the two any more; what else histories share is told at the speed of C.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, count
from operator import is_, is_not
from typing import Any, Final, TypeVar

from pytest_llmtrace._model.messages import Message

T = TypeVar("T")

_CHUNK: Final = 128
"""Items that are looked at in one go."""
_GROWING: Final = threading.Lock()


class History(tuple[T, ...]):  # noqa: SLOT001  # a tuple has no room for slots
    """A tuple that knows which others it begins with, or is the beginning of: those of its line.

    Made by `after` alone, which puts it together of another one, so that what a line says is so by construction. In
    all else it is a tuple: a slice, a sum or a copy of it is a plain one, and belongs to no line.
    """

    _line: _Line

    @classmethod
    def after(cls, before: tuple[T, ...], kept: int, new: Iterable[T]) -> History[T]:
        """The first `kept` items of `before`, and new ones after them. Safe to use from threads."""
        items = before if kept == len(before) else before[:kept]
        made = cls(tuple.__add__(items, tuple(new)))
        made._line = _line(before, kept, len(made))
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (tuple(self),)


History.__name__ = History.__qualname__ = "tuple"
"""What shows a value with the name of its type, as snapshots do, shows the same for both: which it is says how a trace
came to be, in memory or from a file, and is nothing to its user."""


class _Line:
    """Histories of which the longest begins with each of the others."""

    __slots__ = ("longest",)

    def __init__(self, longest: int) -> None:
        self.longest = longest


def _line(before: tuple[Any, ...], kept: int, length: int) -> _Line:
    """The line of a history that goes on from another one: of the same line, unless that went on otherwise already."""
    line: _Line | None = getattr(before, "_line", None)
    if line is None:
        return _Line(length)
    with _GROWING:
        if kept == length:  # nothing is new, so it is a beginning itself
            return line
        if kept == line.longest:
            line.longest = length
            return line
    return _Line(length)


def common_prefix(first: Sequence[Message], second: Sequence[Message]) -> int:
    """How many messages two histories begin with in common."""
    length, shortest = shared_prefix(first, second), min(len(first), len(second))
    while length < shortest and (first[length] is second[length] or first[length].digest == second[length].digest):
        length += 1
    return length


def shared_prefix(first: Sequence[object], second: Sequence[object]) -> int:
    """How many items two sequences begin with that are not just equal but the same objects."""
    shortest = min(len(first), len(second))
    line = getattr(first, "_line", None)
    if line is not None and line is getattr(second, "_line", None):
        return shortest
    if not shortest or first[0] is not second[0]:
        return 0
    if all(map(is_, first, second)):
        return shortest
    for start in range(0, shortest, _CHUNK):
        here, there = first[start : start + _CHUNK], second[start : start + _CHUNK]
        if not all(map(is_, here, there)):
            return start + next(compress(count(), map(is_not, here, there)))
    return shortest


def changed_places(before: Sequence[object], now: Sequence[object]) -> list[int]:
    """Positions that two sequences have both, and where they do not hold the same object."""
    line = getattr(before, "_line", None)
    if line is not None and line is getattr(now, "_line", None):
        return []
    return list(compress(range(len(before)), map(is_not, before, now)))


def shared_suffix(before: Sequence[object], now: Sequence[object]) -> int:
    """How many items two sequences end with that are the same objects."""
    others = map(is_not, reversed(before), reversed(now))
    return next(compress(count(), others), min(len(before), len(now)))


def runs(numbers: Iterable[int]) -> Iterator[list[int]]:
    """Numbers, rising, in runs without a gap."""
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def anchors(items: Sequence[object]) -> list[int]:
    """The identities of a few items that histories which go on from each other have in common, the likeliest first.

    The first item is none: many conversations have one system prompt, and some write it anew in every turn.
    """
    return [id(item) for item in items[1:4] or items[:1]]
