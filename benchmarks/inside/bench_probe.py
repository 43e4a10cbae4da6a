"""A pytest plugin that every arm has: notes CPU and wall time when each test begins, and the memory held at most."""

from __future__ import annotations

import json
import os
import resource
import time
from pathlib import Path

_marks: list[tuple[float, float]] = []
_ends: list[tuple[float, float]] = []


def pytest_runtest_logstart() -> None:
    """Note when a test begins."""
    _marks.append((time.process_time(), time.perf_counter()))


def pytest_runtest_logfinish() -> None:
    """Note when a test has ended."""
    _ends[:] = [(time.process_time(), time.perf_counter())]


def pytest_unconfigure() -> None:
    """Write everything down; the workers of xdist leave it to their controller."""
    if _marks and (path := os.environ.get("BENCH_MARKS")) and "PYTEST_XDIST_WORKER" not in os.environ:
        Path(path).write_text(json.dumps({"marks": [*_marks, *_ends], "peak": _peak()}))


def _peak() -> float:
    """MiB. What `getrusage` says is at least what the process held that started this one, where Linux tells more."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
