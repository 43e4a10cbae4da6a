"""Bodies in which no secret was found: of a history that grows, only what is new must be searched."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable
from typing import Final


class CleanBodies:
    """The last large bodies that hold no secret. Safe to use from threads."""

    def __init__(self) -> None:
        self._kept: deque[tuple[Hashable, bytes]] = deque(maxlen=_MOST)
        self._lock = threading.Lock()

    def add(self, body: bytes, sought: Hashable) -> None:
        """Note that nothing was found in a body; `sought`: what was looked for."""
        if _LARGE <= len(body) <= _LARGEST:
            with self._lock:
                self._kept.append((sought, body))

    def searched(self, body: bytes, sought: Hashable, begin: bytes = b'"') -> int:
        """How much of a body, from its beginning, need not be searched again; `begin`: what a search can begin with."""
        if len(body) < _LARGE:
            return 0
        longest = 0
        with self._lock:
            kept = [*self._kept]
        for known, other in reversed(kept):
            if known == sought:
                longest = max(longest, _common(body, other))
                if longest * 2 > len(body):
                    break
        # What is new may complete what was none; a search begins with a whole text.
        return max(body.rfind(begin, 0, max(longest - _OVERLAP, 0)), 0)


def _common(one: bytes, other: bytes) -> int:
    """How long the beginning is that two bodies share, found by comparing halves."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


_MOST: Final = 8
_LARGE: Final = 8 * 1024
_LARGEST: Final = 4 * 1024 * 1024
"""What is larger is not kept in memory for it."""
_OVERLAP: Final = 16 * 1024
