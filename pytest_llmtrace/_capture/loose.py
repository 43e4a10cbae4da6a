"""Context variables that keep nothing alive: a context may outlive its test, in the timer of an open session, say."""

from __future__ import annotations

import weakref
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Loose(Generic[T]):
    """What a context names, as long as somebody else holds it: a recorder does, until its test is over."""

    def __init__(self, name: str) -> None:
        self._named: ContextVar[weakref.ref[Any] | None] = ContextVar(name, default=None)

    def get(self) -> T | None:
        """What was set in this context; `None` where nothing was, or where it is gone."""
        named = self._named.get()
        return None if named is None else named()

    def set(self, value: T | None) -> None:
        """Name it in this context."""
        self._named.set(None if value is None else weakref.ref(value))
