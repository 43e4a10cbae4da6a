"""What was made of the same objects a moment ago: judging a test and reporting it ask for it one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Lately(Generic[T]):
    """Remembers one result, by the objects that it was made of; these must never change. Safe to use from threads."""

    def __init__(self) -> None:
        self._last: tuple[Sequence[Any], T] | None = None

    def of(self, items: Sequence[Any], make: Callable[[], T]) -> T:
        """What `make` gives, or gave for the very same items the last time."""
        last = self._last
        if last is None or len(last[0]) != len(items) or not all(map(is_, last[0], items)):
            last = self._last = items, make()
        return last[1]
