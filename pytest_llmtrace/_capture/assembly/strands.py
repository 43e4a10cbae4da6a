"""Strands: what runs one thing after the other, so that its order is the program's own and not chance.

A task is one, and so is the main thread. A thread of a pool is none: which work it gets is chance.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from typing import Any, Final


def current_strand() -> object:
    """A token for the task that runs here, or for the main thread; `None` in any other thread."""
    loop = asyncio._get_running_loop()  # noqa: SLF001  # documented, and unlike the other one it raises nothing
    task: object = asyncio.current_task(loop) if loop is not None else _trio_task()
    if task is None:
        return _MAIN if threading.current_thread() is threading.main_thread() else None
    return _strands.setdefault(task, object())


def _trio_task() -> object:
    if "trio" not in sys.modules:
        return None
    lowlevel = getattr(sys.modules["trio"], "lowlevel", None)
    is_one_here = getattr(lowlevel, "in_trio_task", None)  # older versions cannot tell
    if lowlevel is None or (is_one_here is not None and not is_one_here()):
        return None
    try:
        return lowlevel.current_task()
    except RuntimeError:
        return None


_MAIN: Final = object()
_strands: Final[weakref.WeakKeyDictionary[Any, object]] = weakref.WeakKeyDictionary()
"""The tokens of tasks: a task itself would be kept alive, with all that it refers to."""
