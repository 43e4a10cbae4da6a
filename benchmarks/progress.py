"""What is going on, on standard error: tables go to standard output."""

from __future__ import annotations

import sys
import time

_BEGAN = time.perf_counter()
_doing: list[str] = []


def begin(what: str) -> None:
    """Say what comes now, and name it in all that is said next."""
    _doing[:] = [what]
    say("...")


def say(what: str) -> None:
    """One line."""
    print(f"[{time.perf_counter() - _BEGAN:4.0f} s] {': '.join((*_doing, what))}", file=sys.stderr, flush=True)
