"""What an action costs in this process."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median


def cost(action: Callable[[], object], times: int = 5) -> float:
    """Median CPU seconds."""
    found = []
    for _ in range(times):
        gc.collect()
        began = time.process_time()
        action()
        found.append(time.process_time() - began)
    return median(found)
