"""Importing or making much at once, in the middle of somebody's test run."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class _Seen:
    """What was found out, and what was done."""

    frozen: bool = False
    """Whether the application ever froze something: counting takes 30 ms where that was a million objects."""
    aside: bool = False
    """Whether we set something aside, and have not brought it back."""


_SEEN = _Seen()
_OF_PYTHON: Final = 1_000
"""So many objects Python may have frozen as it began: 3.12 has 375. An application's are tens of thousands."""


@contextlib.contextmanager
def collecting_nothing() -> Iterator[None]:
    """Without garbage collections, of which a large process has time for one: 40 ms, and modules are no garbage.

    What was imported, or made to stay, counts as old at once. Left among what is new, it would be looked at twice more,
    and then be reason enough for a collection of everything in the middle of a test: another 50 ms.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            if not _SEEN.aside and not _application_froze():  # it is to stay so
                gc.freeze()
                gc.unfreeze()  # into the oldest generation, where any full collection looks at it
            gc.enable()


def set_aside() -> None:
    """Have no collection look at what lives now, until `bring_back`: Python's modules, pytest and its plugins.

    They are no garbage, and a full collection takes 10 ms for them; pytest makes two in the end of each run. What an
    application makes may be garbage, so this comes before the first conftest.
    """
    if not _SEEN.aside and not _application_froze():
        gc.freeze()
        _SEEN.aside = True


def bring_back() -> None:
    """Have collections look at everything again, Python's own when the process ends among them."""
    if _SEEN.aside:
        gc.unfreeze()
        _SEEN.aside = False


def _application_froze() -> bool:
    _SEEN.frozen = _SEEN.frozen or gc.get_freeze_count() > _OF_PYTHON
    return _SEEN.frozen
