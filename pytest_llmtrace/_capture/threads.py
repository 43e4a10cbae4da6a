"""Labels in threads: a thread, and a task given to a thread pool, has those of the code that started it.

Python's context variables stop at threads. While anything is labelled or enclosed in a traced test, starting a thread
and submitting to a `ThreadPoolExecutor` (hence `loop.run_in_executor` too) take our two variables along, and nothing
else: what the application sees of its own context stays as it is. Guessing instead, by whatever agent is at work
anywhere in the process, would mix up agents that run in parallel.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Token
from typing import Any, TypeVar

from pytest_llmtrace._capture.enclosing import Enclosing, innermost
from pytest_llmtrace._capture.labels import NO_LABELS, Labels, current_labels

Result = TypeVar("Result")

_lock = threading.Lock()
_holders = 0
_start = threading.Thread.start
_submit = ThreadPoolExecutor.submit


def hold() -> None:
    """From now on threads take our variables along; to be released again."""
    global _holders, _start, _submit  # noqa: PLW0603 - the patches are the process's
    with _lock:
        _holders += 1
        if _holders == 1 and threading.Thread.start is not _start_carrying:
            _start, _submit = threading.Thread.start, ThreadPoolExecutor.submit
            threading.Thread.start = _start_carrying  # type: ignore[method-assign]
            ThreadPoolExecutor.submit = _submit_carrying  # type: ignore[assignment, method-assign]


def release() -> None:
    """The last to release takes the patches away, unless somebody else has put theirs over them."""
    global _holders  # noqa: PLW0603 - likewise
    with _lock:
        _holders -= 1
        ours = threading.Thread.start is _start_carrying and ThreadPoolExecutor.submit is _submit_carrying
        if _holders == 0 and ours:
            threading.Thread.start = _start  # type: ignore[method-assign]
            ThreadPoolExecutor.submit = _submit  # type: ignore[method-assign]


class _Baggage:
    """Our variables as they are where it is made."""

    def __init__(self) -> None:
        self._labels: Labels = current_labels.get()
        self._innermost: Enclosing | None = innermost.get()

    def __bool__(self) -> bool:
        return self._labels is not NO_LABELS or self._innermost is not None

    def run(self, function: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Result:
        """Call a function with them, where the context has none of its own."""
        labels: Token[Labels] | None = None
        scope: Token[Enclosing | None] | None = None
        if current_labels.get() is NO_LABELS:
            labels = current_labels.set(self._labels)
        if innermost.get() is None:
            scope = innermost.set(self._innermost)
        try:
            return function(*args, **kwargs)
        finally:
            if scope is not None:
                innermost.reset(scope)
            if labels is not None:
                current_labels.reset(labels)


def _start_carrying(thread: threading.Thread) -> None:
    baggage = _Baggage()
    if not baggage:
        _start(thread)
        return
    own = thread.__dict__.get("run")
    run = thread.run

    def carrying() -> None:
        _restore(thread, own)
        baggage.run(run)

    thread.run = carrying  # type: ignore[method-assign]
    try:
        _start(thread)
    except BaseException:
        _restore(thread, own)
        raise


def _restore(thread: threading.Thread, own: Any) -> None:
    if own is None:
        thread.__dict__.pop("run", None)
    else:
        thread.__dict__["run"] = own


@functools.wraps(ThreadPoolExecutor.submit)
def _submit_carrying(
    pool: ThreadPoolExecutor, function: Callable[..., Result], /, *args: Any, **kwargs: Any
) -> Future[Result]:
    baggage = _Baggage()
    if not baggage:
        return _submit(pool, function, *args, **kwargs)
    # The pool may start a thread now, which will serve others later: that thread takes nothing along.
    labels, scope = current_labels.set(NO_LABELS), innermost.set(None)
    try:
        return _submit(pool, baggage.run, function, *args, **kwargs)
    finally:
        innermost.reset(scope)
        current_labels.reset(labels)
