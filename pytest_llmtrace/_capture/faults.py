"""Bugs of ours that are met while an application runs: noted, told with the verdict, never raised into the application.

An ordinary exception of ours in the middle of a call would be taken for a failed connection and tried again, or be
swallowed by a fallback. Where an answer is there, the application gets it; where none can be given, it is stopped.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace.errors import LlmtraceError

if TYPE_CHECKING:
    from pytest_llmtrace._capture.recorder import Recorder

_MOST: Final = 20
"""Bugs that are kept: the same one may be met with each event of a stream."""


@frozen
class Fault:
    """One bug."""

    text: str
    """What could not be done, and the exception."""
    traceback: str
    """Where; empty for what is no bug: a cassette or a setting that cannot be used."""


def fault(what: str, error: BaseException, redact: Callable[[str], str]) -> Fault:
    """An exception as it may be told.

    Args:
        what: What could not be done: ``a request could not be looked up``.
        error: The exception.
        redact: Removes secrets; where it fails itself, nothing that the exception says is told.
    """
    if isinstance(error, LlmtraceError):
        text, where = str(error), ""
    else:
        text, where = f"{what}: {error!r}", _where(error)
    try:
        return Fault(text=redact(text), traceback=redact(where))
    except BaseException:  # noqa: BLE001  # it is what is broken, or a hook of the project is, which raises a stop
        places = (line for line in where.splitlines() if line.startswith(("Traceback ", '  File "')))
        return Fault(text=f"{what}: {type(error).__name__}", traceback="".join(f"{line}\n" for line in places))


def _where(error: BaseException) -> str:
    """The traceback; what the test itself ended with, in which a bug was met, is told in one line of it."""
    whole = traceback.TracebackException.from_exception(error)
    whole.__context__ = None
    met = f"met while handling {error.__context__!r}\n" if error.__context__ and not error.__suppress_context__ else ""
    return "".join(whole.format()) + met


class Faults:
    """Those of one owner, or those of none. Safe to use from threads."""

    def __init__(self, redact: Callable[[str], str] = str) -> None:
        """Args: redact: removes secrets."""
        self._redact = redact
        self._lock = threading.Lock()
        self._noted: list[Fault] = []
        self.any = False
        """Whether any bug was ever met: nearly never, and each owner is asked for them more than once."""
        self._over = False
        self.stopped = False
        """Whether a call was stopped because of one."""

    def note(self, what: str, error: BaseException) -> None:
        """Keep a bug; one that is met when the owner has its verdict already is nobody's."""
        found = fault(what, error, self._redact)
        with self._lock:
            if not self._over:
                if len(self._noted) < _MOST:
                    self._noted.append(found)
                    self.any = True
                return
        stray.add(found)

    def add(self, found: Fault) -> None:
        """Keep one that was noted elsewhere."""
        with self._lock:
            self._noted.append(found)
            self.any = True

    def so_far(self) -> tuple[Fault, ...]:
        """Those that were met."""
        if not self._noted:
            return ()
        with self._lock:
            return tuple(self._noted)

    def over(self) -> None:
        """The owner has its verdict."""
        with self._lock:
            self._over = True

    def take(self) -> tuple[Fault, ...]:
        """Those that were met, handed out once."""
        with self._lock:
            taken, self._noted = tuple(self._noted), []
            return taken


stray: Final = Faults()
"""Bugs that no owner is judged for: outside of any test, or in a thread that outlived its test."""


class noting:  # noqa: N801  # used as a function
    """A bug inside is noted, and the application goes on. Our own stops, which are no `Exception`, pass.

    A class, as `stopping` is, because each request enters several: that costs a third of what a generator does.
    """

    __slots__ = ("_faults", "_what")

    def __init__(self, faults: Faults, what: str) -> None:
        self._faults = faults
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        if not isinstance(error, Exception):
            return False
        self._faults.note(self._what, error)  # told with the verdict
        return True


class stopping:  # noqa: N801
    """A bug inside is noted, and the call stopped: nobody knows what to answer. Raises: what `Recorder.stop` does."""

    __slots__ = ("_recorder", "_what")

    def __init__(self, recorder: Recorder | None, what: str) -> None:
        self._recorder = recorder
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, Exception):
            stop_for(error, self._recorder, self._what)


def stop_for(error: Exception, recorder: Recorder | None, what: str) -> None:
    """A bug was met: note it, and stop the call. What a request passes says so in an `except`, which costs nothing.

    Raises: what `Recorder.stop` does; nothing where there is no recorder.
    """
    if recorder is not None:
        recorder.faults.note(what, error)
        recorder.faults.stopped = True
        try:
            recorder.stop(f"llmtrace: {what}")
        except BaseException as stop:
            stop.__suppress_context__ = True  # the bug is told with the verdict, and not twice
            raise
