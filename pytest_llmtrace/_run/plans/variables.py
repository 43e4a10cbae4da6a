"""Environment variables that are set for a while."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping


class Variables:
    """Those of one who sets some, and what they were before. A test that needs none pays nothing for it."""

    def __init__(self) -> None:
        self._before: list[tuple[str, str, str | None]] = []
        """Name, what was set, and what was there."""

    def set(self, values: Mapping[str, str]) -> None:
        """Set these until `put_back`."""
        for name, value in values.items() if values else ():
            self._before.append((name, value, os.environ.get(name)))
            os.environ[name] = value

    def put_back(self) -> None:
        """Make them what they were, but for what somebody else has set or removed since."""
        while self._before:
            name, value, before = self._before.pop()
            if os.environ.get(name) != value:
                continue
            if before is None:
                del os.environ[name]
            else:
                os.environ[name] = before


@contextlib.contextmanager
def variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set them while something happens."""
    own = Variables()
    own.set(values)
    try:
        yield
    finally:
        own.put_back()
