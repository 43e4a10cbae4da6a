"""Where in the user's code something began."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Final

_OURS: Final = "pytest_llmtrace"

_RUNNERS: Final = frozenset({"_pytest", "pluggy", "pytest_asyncio"})
"""What runs a test: everything above its last frame says nothing about the test."""

_PLUMBING: Final = frozenset(
    {"anyio", "asyncio", "concurrent", "contextlib", "threading", "trio", "unittest", "uvloop"}
)
"""What runs code for others: shown between frames of the user, not above them."""

_OUTER: Final = 3
_INNER: Final = 6


def user_stack() -> tuple[str, ...]:
    """The frames from the test inwards, outermost first, without ours: the first few and the last few of many."""
    kept: list[FrameType] = []
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # `inspect.currentframe` is this, and may be None
    while frame is not None and _root(frame) not in _RUNNERS:
        if _root(frame) != _OURS:
            kept.append(frame)
        frame = frame.f_back
    everything = tuple(kept)
    while kept and _root(kept[-1]) in _PLUMBING:
        kept.pop()
    shown = [_shown(one) for one in reversed(kept or everything)]
    if len(shown) > _OUTER + _INNER:
        return (*shown[:_OUTER], "...", *shown[-_INNER:])
    return tuple(shown)


def called_by(module: str) -> bool:
    """Whether code of this top-level module is among the innermost callers, next to ours."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # likewise
    while frame is not None and _root(frame) in {_OURS, "socket"}:
        frame = frame.f_back
    while frame is not None and frame.f_code.co_name.startswith("<"):
        frame = frame.f_back
    return frame is not None and _root(frame) == module


def _root(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _shown(frame: FrameType) -> str:
    path = frame.f_code.co_filename
    here = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118  # this may run for each connection of a test
    return f"{path.removeprefix(here)}:{frame.f_lineno} in {frame.f_code.co_name}"
