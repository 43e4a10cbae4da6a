"""How much more work twice as much input is: counted in lines of Python that run, so that no machine is too slow."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def lines_run(work: Callable[[], object]) -> int:
    """How many lines of Python run, loops line by line, those of libraries included. What C does is not counted."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def growth(make: Callable[[int], Callable[[], object]], size: int) -> float:
    """How many times as many lines run for twice the size. `make` prepares the input; what it returns is counted."""
    make(size)()  # what is imported and cached at the first time is no growth
    small, large = lines_run(make(size)), lines_run(make(2 * size))
    return large / small
