"""Digests of the messages of a history; those of a conversation are held once, and not once a turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from pytest_llmtrace._compare.differences.align import prefix_length


class Keys:
    """The first so many digests of a list that only grows.

    Histories that go on from each other share the list: a turn costs what it adds, and how much of the history before
    it begins with is known without a look.
    """

    __slots__ = ("_all", "_length")

    def __init__(self, made: list[str] | None = None, length: int = 0) -> None:
        self._all: list[str] = [] if made is None else made
        self._length = length

    def going_on(self, kept: int, new: Sequence[str]) -> Keys:
        """The first `kept` of these, and new ones after them; of one list, unless that went on otherwise already."""
        if new and kept < len(self._all):
            return Keys([*self._all[:kept], *new], kept + len(new))
        self._all.extend(new)
        return Keys(self._all, kept + len(new))

    def since(self, start: int) -> tuple[str, ...]:
        """Those from a position on."""
        return tuple(self._all[start : self._length])

    def common(self, other: Keys) -> int:
        """How many both begin with in common."""
        if self._all is other._all:
            return min(self._length, other._length)
        return prefix_length(self._all, other._all, (0, self._length, 0, other._length))

    def __getitem__(self, at: int) -> str:
        return self._all[at]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        return islice(self._all, self._length)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keys) and len(self) == len(other) == self.common(other)

    def __hash__(self) -> int:
        return hash(tuple(self))
