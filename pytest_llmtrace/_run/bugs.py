"""Bugs in this plugin that pytest's hooks meet: each fails the test that it concerns, or the run, and the rest goes on.

Bugs that are met while an application runs are `_capture.faults`.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmtrace._capture.faults import Fault, fault, stray
from pytest_llmtrace._report.clean import inert
from pytest_llmtrace._run.outcomes import fail, is_no_outcome
from pytest_llmtrace._run.phase import Around, Met, inside_of
from pytest_llmtrace.errors import SettingsError

if TYPE_CHECKING:
    from pytest_llmtrace._run.run import Run


def internal_text(found: Fault, owner: str | None = None) -> str:
    """What the user reads about a bug; `owner`: the test that fails because of it."""
    from pytest_llmtrace._model.findings import Internal  # noqa: PLC0415
    from pytest_llmtrace._report.failure.internal_error import HEADING, internal_error_text  # noqa: PLC0415

    heading = HEADING
    if owner is not None:  # what has no traceback is no bug: the disk is full, a file was damaged meanwhile
        heading = f"{owner} " + (f"ran into an {HEADING}" if found.traceback else "could not be recorded or judged")
    return internal_error_text(Internal(text=found.text, traceback=found.traceback), heading=heading)


class Bugs:
    """Those of one run. They are shown when it is over, and make it fail."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        """Args: redact: removes secrets."""
        self._redact = redact
        self.told: list[str] = []
        """What is to be said of those that fail the run, and no test."""
        self._shown = 0

    def note(self, what: str, error: Exception) -> None:
        """Note one."""
        self.told.append(internal_text(self.fault(what, error)))

    def fault(self, what: str, error: Exception) -> Fault:
        """A bug as it may be told."""
        return fault(what, error, self._redact)

    def add(self, texts: list[str]) -> None:
        """Take in what an xdist worker has noted."""
        self.told += texts

    def take_stray(self) -> None:
        """Take in what was met while no test was judged for it."""
        self.told += [internal_text(one) for one in stray.take()]

    def settle(self, session: pytest.Session, terminal: pytest.TerminalReporter | None, *, show: bool) -> None:
        """Make the run fail where there are any, and show those that were not shown yet.

        Args:
            session: The run, which is over.
            terminal: Where they are shown; `None`: nowhere yet.
            show: Whether this is the last chance to show them.
        """
        if not self.told:
            return
        if session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["llmtrace_bugs"] = list(self.told)
        elif terminal is not None or show:
            texts, self._shown = self.told[self._shown :], len(self.told)
            for text in texts:
                _show(text, terminal)

    # Around the phases of a test

    def going_on(self, around: Around, what: str) -> AbstractContextManager[None]:
        """What is done around something that no test is judged for. A bug is noted, and that happens all the same."""
        return inside_of(around, lambda _about, error, _inner: self.note(what, error), always=True)

    def failing(self, what: str, broken: Callable[[Fault, Any], str]) -> Met:
        """What makes a phase of a test fail with a bug in it.

        Args:
            what: What could not be done where it has a bug.
            broken: Told of the bug and of the test; gives what that fails with.
        """

        def met(about: Any, error: Exception, inner: BaseException | None) -> None:
            found = self.fault(what, error)
            try:
                text = broken(found, about)
            except Exception:  # noqa: BLE001  # reports know less of it then
                text = internal_text(found)
            if inner is not None and is_no_outcome(inner) and not isinstance(inner, pytest.skip.Exception):
                self.told.append(text)  # somebody ended the run: so be it
                raise inner
            fail(text)

        return met

    def failing_fixture(self, run: Run, fixturedef: Any, request: Any) -> AbstractContextManager[None]:
        """Around the setup of a fixture, which happens all the same: a bug fails the test that asked for it first."""
        met = self.failing(
            f"the fixture {fixturedef.argname} could not be traced",
            lambda found, _about: run.broken(found, request.node.nodeid),
        )
        return inside_of(lambda: run.fixture(fixturedef, request), met, always=True)

    def report_failed(self, error: Exception, run: Run, report: pytest.TestReport) -> None:
        """A bug was met in making a report: it makes a phase of a test fail that is over already."""
        found = self.fault("the report of the test could not be made", error)
        report.outcome = "failed"
        report.longrepr = internal_text(found)
        with contextlib.suppress(Exception):
            run.broken(found, report.nodeid, late=True)
        if report.when == "teardown":
            known: Any = report
            known.llmtrace = [*getattr(report, "llmtrace", []), *run.outbox.texts()]

    @contextlib.contextmanager
    def failing_item(self, item: pytest.Item, what: str) -> Iterator[None]:
        """A bug inside makes a test fail of which nothing was reported."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # it is what the report says
            text = internal_text(self.fault(what, error))
            made: Any = pytest.TestReport
            report = made(item.nodeid, item.location, {}, "failed", text, "call")
            item.ihook.pytest_runtest_logreport(report=report)


def settings_error(error: Exception) -> str:
    """What a run fails with before it begins, for a wrong setting or for a bug."""
    if isinstance(error, SettingsError):
        return f"pytest-llmtrace: {inert(error)}"
    return internal_text(fault("the settings could not be read", error, str))


def _show(text: str, terminal: pytest.TerminalReporter | None) -> None:
    heading, _, rest = text.partition("\n")
    if terminal is None:
        sys.stderr.write(f"\n{text}\n")
        return
    terminal.write_sep("=", heading, red=True, bold=True)
    terminal.write_line(rest.strip("\n"))
