"""What the items of lists come to, where one list after the other has the same objects: a growing history.

The requests of a tape share the messages that they repeat. So each is recognised by which object it is, and what two
lists have in common is told at the speed of C: reading T turns costs what is distinct in them, not T histories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import is_
from typing import Any, Generic, TypeVar

from pytest_llmtrace._model.prefixes import History, anchors, changed_places

T = TypeVar("T")


class Walk(Generic[T]):
    """Remembers lists, and each item that it has seen; items must never change. Safe to use from threads."""

    def __init__(self) -> None:
        self._lists: dict[int, tuple[list[Any], History[T], list[int]]] = {}
        """The last list of those with one of the first items, by its identity: conversations take turns, and few begin
        alike. Its items, what they came to, and how many results there are before each item, and in all. Replaced,
        never changed."""
        self._known: dict[int, tuple[Any, tuple[T, ...]]] = {}
        """By identity; the item is held, so that no other can have it."""

    def of(self, raw: Iterable[Any], each: Callable[[Any], Iterable[T]]) -> History[T]:
        """What `each` makes of every item, one item after the other."""
        items = list(raw)
        begins = anchors(items)
        before, made, ends = next((self._lists[one] for one in begins if one in self._lists), ([], History(), [0]))
        places = changed_places(before, items)
        both = min(len(before), len(items))
        instead = [
            (at, one) for at in places if not _same(one := self._one(items[at], each), made[ends[at] : ends[at + 1]])
        ]
        if any(len(one) != ends[at + 1] - ends[at] for at, one in instead):  # all that follows has another place
            both, instead = instead[0][0], []
        taken = ends[instead[0][0] if instead else both]
        new = list(made[taken : ends[both]])
        for at, one in instead:
            new[ends[at] - taken : ends[at + 1] - taken] = one
        ends = ends[: both + 1]
        for item in items[both:]:
            new.extend(self._one(item, each))
            ends.append(taken + len(new))
        made = History.after(made, taken, new)
        self._lists.update(dict.fromkeys(begins, (items, made, ends)))
        return made

    def _one(self, item: Any, each: Callable[[Any], Iterable[T]]) -> tuple[T, ...]:
        known = self._known.get(id(item))
        if known is None:
            known = self._known[id(item)] = (item, tuple(each(item)))
        return known[1]


def _same(one: Sequence[object], other: Sequence[object]) -> bool:
    return len(one) == len(other) and all(map(is_, one, other))
