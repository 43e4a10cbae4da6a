"""Processes that run in turns, each for a moment: what slows the machine down in between slows all of them alike.

The clock of a processor changes, and so does what its neighbours do with the caches: two equal runs one after the other
differ by a third on a busy machine. Stopped and continued twenty times a second, they differ by less than a hundredth.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import signal
import subprocess
import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

SLICE: Final = 0.05
"""Seconds of a turn: long enough for caches to be filled in a small part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A process that has ended."""

    status: int
    """Its exit status; the number of a signal, negative, where that ended it."""
    usage: resource.struct_rusage
    spans: tuple[tuple[float, float], ...]
    """When it ran, by `time.perf_counter`, which is the same clock in all processes."""

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return self.until(self.spans[-1][1])

    def until(self, moment: float) -> float:
        """Seconds that it had run at a moment."""
        ran = 0.0
        at = bisect_right(self.spans, moment, key=lambda span: span[0])
        for began, ended in itertools.islice(self.spans, at):
            ran += min(ended, moment) - began
        return ran


class Turns:
    """A line of processes of which the first runs. Safe to use from threads: each sees one process through."""

    def __init__(self) -> None:
        self._line: deque[object] = deque()
        self._moved = threading.Condition()

    def see_through(self, start: Callable[[], subprocess.Popen[bytes]], *, seconds: float) -> Ended:
        """Start a process and wait for its end.

        Args:
            start: Starts it. It leads a process group of its own, and is stopped and continued with all of it.
            seconds: How long it may run before it is killed.
        """
        spans: list[tuple[float, float]] = []
        going: _Going | None = None
        while going is None or not going.ended.is_set():
            with self._turn():
                began = time.perf_counter()
                if going is None:
                    going = _Going(start())
                else:
                    going.tell(signal.SIGCONT)
                going.ended.wait(SLICE)
                going.tell(signal.SIGSTOP)
                spans.append((began, time.perf_counter()))
            seconds -= spans[-1][1] - began
            if seconds < 0:
                going.tell(signal.SIGKILL)
        return going.result(tuple(spans))

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait in line."""
        me = object()
        with self._moved:
            self._line.append(me)
            self._moved.wait_for(lambda: self._line[0] is me)
        try:
            yield
        finally:
            with self._moved:
                self._line.popleft()
                self._moved.notify_all()


TURNS: ContextVar[Turns | None] = ContextVar("TURNS", default=None)
"""Who is compared with what this thread runs; `None`: it runs by itself."""


class _Going:
    """A process that was started, and a thread that waits for its end."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.ended = threading.Event()
        threading.Thread(target=self._reap, daemon=True).start()

    def _reap(self) -> None:
        _, status, self._usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.ended.set()

    def tell(self, what: signal.Signals) -> None:
        """Send a signal to it and to what it started."""
        with contextlib.suppress(ProcessLookupError):  # it has ended
            os.killpg(self._process.pid, what)

    def result(self, spans: tuple[tuple[float, float], ...]) -> Ended:
        """What came of it, when it has ended."""
        return Ended(status=self._process.returncode, usage=self._usage, spans=spans)
