"""What an action costs in this process."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median
from typing import Any


def cost(action: Callable[..., object], made: Callable[[], Any] | None = None, *, times: int = 5) -> float:
    """Median CPU seconds; `made` makes what the action gets, anew each time, and is not measured."""
    found = []
    for _ in range(times):
        given = [made()] if made else []
        gc.collect()
        began = time.process_time()
        action(*given)
        found.append(time.process_time() - began)
    return median(found)
