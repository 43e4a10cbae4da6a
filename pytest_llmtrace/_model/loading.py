"""Importing much at once, in the middle of somebody's test run."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class _Seen:
    frozen: bool = False
    """Whether the application ever froze something: counting takes 30 ms where that was a million objects."""


_SEEN = _Seen()


@contextlib.contextmanager
def collecting_nothing() -> Iterator[None]:
    """Without garbage collections, of which a large process has time for one: 40 ms, and modules are no garbage.

    What was imported counts as old at once. Left among what is new, it would be looked at twice more, and then be
    reason enough for a collection of everything in the middle of a test: another 50 ms.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            _SEEN.frozen = _SEEN.frozen or gc.get_freeze_count() > 0
            if not _SEEN.frozen:  # else the application wants it to stay so
                gc.freeze()
                gc.unfreeze()  # into the oldest generation, where any full collection looks at it
            gc.enable()
