"""DSPy remembers every answer, on the disk by default, and asks no model for what it remembers.

A test that was recorded would then make no call when it is replayed on the same machine, and which of two tests calls
would depend on their order. So every owner begins with an empty cache of its own, in memory; one that the project has
switched off stays off.
"""

from __future__ import annotations

import sys
from typing import Any, Final

_MISSING: Final = object()

_Swap = tuple[object, Any, Any]
"""An owner; the cache that was there, or `_MISSING` where DSPy had not made one yet; and the one that the owner got
instead, or `None` where nothing was changed."""
_swaps: Final[list[_Swap]] = []


def begin(owner: object) -> None:
    """Give an owner an empty cache, where DSPy is imported."""
    _swaps.append(_swapped(owner) if "dspy" in sys.modules else (owner, _MISSING, None))


def arrived() -> None:
    """DSPy has been imported in the middle of an owner."""
    if _swaps:
        owner, _, own = _swaps[-1]
        if own is None:
            _swaps[-1] = _swapped(owner)


def end(owner: object) -> None:
    """Take it away again; a cache that the owner configured itself stays."""
    at = len(_swaps) - 1
    while at >= 0 and _swaps[at][0] is not owner:
        at -= 1
    if at < 0:
        return
    _, before, own = _swaps.pop(at)
    if own is None:
        return
    dspy = sys.modules.get("dspy")
    if vars(dspy).get("cache") is not own:
        return
    if before is _MISSING:
        del dspy.cache  # type: ignore[union-attr]  # DSPy makes one when it is asked for
    else:
        dspy.cache = before  # type: ignore[union-attr]


def _swapped(owner: object) -> _Swap:
    dspy = sys.modules.get("dspy")
    if dspy is None:
        return owner, _MISSING, None
    make = vars(sys.modules.get("dspy.clients.cache", object)).get("Cache")
    before = vars(dspy).get("cache", _MISSING)
    off = before is not _MISSING and not _remembers(before)
    if make is None or off:
        return owner, before, None
    own = make(enable_disk_cache=False, enable_memory_cache=True, disk_cache_dir=None)
    dspy.cache = own  # type: ignore[attr-defined]
    return owner, before, own


def _remembers(cache: Any) -> bool:
    return bool(getattr(cache, "enable_disk_cache", True) or getattr(cache, "enable_memory_cache", True))
