"""What the items of lists come to, where one list after the other begins with the same objects: a growing history.

The requests of a tape share the messages that they repeat. So each is recognised by which object it is, and what two
lists have in common is told at the speed of C: reading T turns costs what is distinct in them, not T histories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from pytest_llmtrace._model.prefixes import History, shared_prefix

T = TypeVar("T")


class Walk(Generic[T]):
    """Remembers lists, and each item that it has seen; items must never change. Safe to use from threads."""

    def __init__(self) -> None:
        self._lists: dict[int, tuple[list[Any], History[T], list[int]]] = {}
        """The last list of those with one second item, by its identity: conversations take turns, and few begin alike.
        Its items, what they came to, and how many results there are up to each item. Replaced, never changed."""
        self._known: dict[int, tuple[Any, tuple[T, ...]]] = {}
        """By identity; the item is held, so that no other can have it."""

    def of(self, raw: Iterable[Any], each: Callable[[Any], Iterable[T]]) -> History[T]:
        """What `each` makes of every item, one item after the other."""
        items = list(raw)
        begins = id(items[min(1, len(items) - 1)]) if items else 0
        before, made, all_ends = self._lists.get(begins, ([], History(), []))
        kept = shared_prefix(before, items)
        ends = all_ends[:kept]
        taken = ends[-1] if ends else 0
        new: list[T] = []
        for item in items[kept:]:
            known = self._known.get(id(item))
            if known is None:
                known = self._known[id(item)] = (item, tuple(each(item)))
            new.extend(known[1])
            ends.append(taken + len(new))
        made = History.after(made, taken, new)
        self._lists[begins] = items, made, ends
        return made
