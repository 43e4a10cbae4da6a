"""What is done before and after a phase of a test, as one thing that hooks can be inside of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import pytest

Held = TypeVar("Held")


class Phase(Generic[Held]):
    """A context manager of two functions. No generator, which takes four times as many steps: each test has three.

    The second is told of what the phase raised. That goes on, unless the function raises something in its place.
    """

    __slots__ = ("_begin", "_end", "_held", "_item")

    def __init__(
        self,
        item: pytest.Item,
        begin: Callable[[pytest.Item], Held],
        end: Callable[[pytest.Item, Held, BaseException | None], None],
    ) -> None:
        """Args: begin: is called before the phase; end: after it, with what `begin` gave."""
        self._item = item
        self._begin = begin
        self._end = end

    def __enter__(self) -> None:
        self._held = self._begin(self._item)

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self._end(self._item, self._held, error)
