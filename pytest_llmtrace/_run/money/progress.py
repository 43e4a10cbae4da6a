"""Running spend, in a line of its own every now and then, between the lines of pytest's own progress.

A line is plain text that begins and ends a row of the terminal, so that dots, percentages and verbose lines stay as
pytest writes them, on a terminal and in the log of a CI job.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import pytest

from pytest_llmtrace._report.terminal.progress import progress_text
from pytest_llmtrace._run.money.ledger import Ledger, Spent
from pytest_llmtrace._settings.values import Settings

_SHORTEST: Final = 10.0
_LONGEST: Final = 60.0
_PART: Final = 4
"""The next line comes when the run has become longer by this part of it, within those bounds of seconds."""


class Progress:
    """Says what was spent, when it is time to say it again and there is something new."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self._began = clock()
        self._shown_at = self._began
        self._shown: Spent = Spent()

    def between_tests(self, config: pytest.Config) -> None:
        """A test is about to begin, and the terminal has not yet said so."""
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None and (text := self.due()) is not None:
            begins_line = bool(getattr(terminal, "showlongtestinfo", False) or getattr(terminal, "showfspath", False))
            self._write(config, terminal, text, ended=not begins_line)

    def within_a_test(self, config: pytest.Config) -> None:
        """A live call was answered. Other threads are left alone: output is captured for the whole process."""
        if threading.current_thread() is not threading.main_thread():
            return
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        if terminal is None or (text := self.due()) is None:
            return
        captured = config.pluginmanager.get_plugin("capturemanager")
        with captured.global_and_fixture_disabled() if captured is not None else contextlib.nullcontext():
            verbose, row = bool(getattr(terminal, "showlongtestinfo", False)), terminal.currentfspath
            self._write(config, terminal, text, ended=not verbose)
            if not verbose:
                terminal.currentfspath = row  # its dots go on

    def due(self) -> str | None:
        """The line, where it is time for one."""
        now = self._clock()
        if now - self._shown_at < self._interval(now):
            return None
        spent = self._ledger.sums().of(None)
        if not spent.calls or spent == self._shown:
            return None
        self._shown, self._shown_at = spent, now
        return progress_text(
            seconds=now - self._began,
            calls=spent.calls,
            dollars=spent.usd,
            tokens=spent.tokens,
            unpriced=sum(spent.unpriced.values()),
            limits=self._limits(),
        )

    def _interval(self, now: float) -> float:
        asked = self._settings.terminal.progress
        return asked if asked is not None else min(max((now - self._began) / _PART, _SHORTEST), _LONGEST)

    def _limits(self) -> Iterable[tuple[str, float]]:
        return [(limit.what, limit.value) for limit in self._settings.budgets.run]

    @staticmethod
    def _write(config: pytest.Config, terminal: Any, text: str, *, ended: bool) -> None:
        """Begin a row and write the line; `ended`: nobody else will begin the next row."""
        writer = config.get_terminal_writer()
        if writer.width_of_current_line:
            writer.line()
        terminal.currentfspath = None  # as after `ensure_newline`, which cannot know that a row is empty
        writer.write(text)
        if ended:
            writer.line()
        writer.flush()
