"""What a request is made inside of: a call given by hand, or the execution of a tool."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmtrace._capture.current import current

if TYPE_CHECKING:
    from pytest_llmtrace._capture.recorder import Recorder


@dataclass(slots=True, kw_only=True, eq=False)
class Enclosing:
    """Something observed that takes time, and inside of which more may be observed."""

    outer: Enclosing | None = None
    """What it is itself inside of."""
    hides: bool = False
    """Whether what happens inside is no part of the trace: replay will not run it."""


innermost: ContextVar[Enclosing | None] = ContextVar("llmtrace_innermost", default=None)
"""What encloses the code that runs in this context most closely."""


def is_hidden(enclosing: Enclosing | None) -> bool:
    """Whether what happens here is no part of the trace."""
    while enclosing is not None:
        if enclosing.hides:
            return True
        enclosing = enclosing.outer
    return False


def observing() -> Recorder | None:
    """The recorder for what is observed here; `None` outside of a traced test, and where nothing belongs to it."""
    recorder = current()
    return None if recorder is None or is_hidden(innermost.get()) else recorder
