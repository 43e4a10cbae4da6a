"""What the items of lists come to, where one list after the other begins with the same objects: a growing history.

The requests of a tape share the messages that they repeat. So each is recognised by which object it is, and what two
lists have in common is told at the speed of C: reading T turns costs what is distinct in them, not T histories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from pytest_llmtrace._model.prefixes import shared_prefix

T = TypeVar("T")


class Walk(Generic[T]):
    """Remembers the last list, and each item that it has seen; items must never change. Safe to use from threads."""

    def __init__(self) -> None:
        self._last: tuple[Sequence[Any], list[T], list[int]] = ((), [], [])
        """Its items, what they came to, and how many results there are up to each item. Replaced, never changed."""
        self._known: dict[int, tuple[Any, tuple[T, ...]]] = {}
        """By identity; the item is held, so that no other can have it."""

    def of(self, raw: Iterable[Any], each: Callable[[Any], Iterable[T]]) -> list[T]:
        """What `each` makes of every item, one item after the other."""
        items = list(raw)
        before, all_made, all_ends = self._last
        kept = shared_prefix(before, items)
        ends = all_ends[:kept]
        made = all_made[: ends[-1] if ends else 0]
        for item in items[kept:]:
            known = self._known.get(id(item))
            if known is None:
                known = self._known[id(item)] = (item, tuple(each(item)))
            made.extend(known[1])
            ends.append(len(made))
        self._last = items, made, ends
        return list(made)
