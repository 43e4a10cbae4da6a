"""What a request is made inside of: a call given by hand, the execution of a tool, the run of a framework."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.labels import NO_LABELS, Labels, current_labels

if TYPE_CHECKING:
    from pytest_llmtrace._capture.recorder import Recorder


@dataclass(slots=True, kw_only=True, eq=False)
class Enclosing:
    """Something observed that takes time, and inside of which more may be observed."""

    outer: Enclosing | None = None
    """What it is itself inside of."""
    hides: bool = False
    """Whether what happens inside is no part of the trace: replay will not run it."""
    passes: bool = False
    """Whether what happens inside is as much inside of what is around: the run of a chain."""
    over: bool = False
    """Whether it has ended. A context may still name it: a framework says of an end in another task."""
    speaker: Labels | None = None
    """The labels of what happens inside, where it brings any."""
    around: Labels = NO_LABELS
    """What `current_labels` held when it began."""
    owner: Recorder | None = None
    """The recorder that it belongs to, where it may stay open beyond it."""


innermost: ContextVar[Enclosing | None] = ContextVar("llmtrace_innermost", default=None)
"""What was entered last in this context; `enclosing` passes over what has ended."""


def enclosing() -> Enclosing | None:
    """What encloses the code that runs in this context most closely."""
    found = innermost.get()
    while found is not None and (found.over or (found.owner is not None and found.owner is not current())):
        found = found.outer
    return found


def scopes(scope: Enclosing | None) -> Iterator[Enclosing]:
    """A scope, and all that it is inside of."""
    while scope is not None:
        yield scope
        scope = scope.outer


def holder(scope: Enclosing | None) -> Enclosing | None:
    """What holds that which happens in a scope: the nearest one that does not pass it on."""
    return next((one for one in scopes(scope) if not one.passes), None)


def is_hidden(scope: Enclosing | None) -> bool:
    """Whether what happens here is no part of the trace."""
    return scope is not None and any(one.hides for one in scopes(scope))


def observing() -> Recorder | None:
    """The recorder for what is observed here; `None` outside of a traced test, and where nothing belongs to it."""
    recorder = current()
    return None if recorder is None or is_hidden(enclosing()) else recorder


def labels_here() -> Labels:
    """The labels of what happens in this context."""
    return labels_in(enclosing())


def labels_in(scope: Enclosing | None) -> Labels:
    """The labels of what happens here: those of the framework's run that encloses it, under any `llmtrace.agent` in it.

    Args:
        scope: What encloses it.
    """
    stated = current_labels.get()
    if scope is None:
        return stated
    run = next((one for one in scopes(scope) if one.speaker is not None), None)
    if run is None or run.speaker is None:
        return stated
    return run.speaker if stated is run.around else stated.over(run.speaker)
