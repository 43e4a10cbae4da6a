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
from typing import Any, Final, TypeVar

from pytest_llmtrace._capture.enclosing import Enclosing, innermost
from pytest_llmtrace._capture.labels import NO_LABELS, Labels, current_labels

Result = TypeVar("Result")


def hold() -> None:
    """From now on threads take our variables along; to be released again."""
    global _holders  # noqa: PLW0603 - what is patched is the process's too
    with _lock:
        _holders += 1
        for patch in _PATCHES:
            patch.install()


def release() -> None:
    """The last to release takes the patches away."""
    global _holders  # noqa: PLW0603 - likewise
    with _lock:
        _holders -= 1
        for patch in _PATCHES if _holders == 0 else ():
            patch.remove()


class _Patch:
    """A method of a class in our version. One that somebody else put over ours stays, with ours below it."""

    def __init__(self, owner: type, name: str, carrying: Callable[[Any], Any]) -> None:
        """Args: carrying: makes our version from the method that is in place."""
        self._owner = owner
        self._name = name
        self._carrying = carrying
        self._originals: dict[Any, Any] = {}
        """What each of our versions replaced."""

    def install(self) -> None:
        original = getattr(self._owner, self._name)
        if original not in self._originals:
            ours = self._carrying(original)
            self._originals[ours] = original
            setattr(self._owner, self._name, ours)

    def remove(self) -> None:
        original = self._originals.pop(getattr(self._owner, self._name), None)
        if original is not None:
            setattr(self._owner, self._name, original)


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


def _carrying_start(original: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @functools.wraps(original)
    def start(thread: threading.Thread) -> None:
        baggage = _Baggage()
        if not baggage:
            original(thread)
            return
        own, run = thread.__dict__.get("run"), thread.run

        def carrying() -> None:
            _restore(thread, own)
            baggage.run(run)

        thread.run = carrying  # type: ignore[method-assign]
        try:
            original(thread)
        except BaseException:
            _restore(thread, own)
            raise

    return start


def _restore(thread: threading.Thread, own: Any) -> None:
    """Give a thread back the `run` that it had."""
    if own is None:
        thread.__dict__.pop("run", None)
    else:
        thread.__dict__["run"] = own


def _carrying_submit(original: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
    @functools.wraps(original)
    def submit(pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        baggage = _Baggage()
        if not baggage or _is_foreign(pool):
            return original(pool, function, *args, **kwargs)
        # The pool may start a thread now, which will serve others later: that thread takes nothing along.
        labels, scope = current_labels.set(NO_LABELS), innermost.set(None)
        try:
            return original(pool, baggage.run, function, *args, **kwargs)
        finally:
            innermost.reset(scope)
            current_labels.reset(labels)

    return submit


def _is_foreign(pool: ThreadPoolExecutor) -> bool:
    """Whether a pool's threads run other interpreters (Python 3.14 has one), which nothing of ours can reach."""
    return any(base.__name__ == "InterpreterPoolExecutor" for base in type(pool).__mro__)


_lock = threading.Lock()
_holders = 0
_PATCHES: Final = (
    _Patch(threading.Thread, "start", _carrying_start),
    _Patch(ThreadPoolExecutor, "submit", _carrying_submit),
)
