"""What the process that shows results does: collect payloads, apply the run's budgets, write reports, summarise."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_llmtrace._run.scope import Coverage
from pytest_llmtrace._settings.values import Settings
from pytest_llmtrace.errors import LlmtraceError

if TYPE_CHECKING:
    from pytest_llmtrace._model.findings import Breach
    from pytest_llmtrace._report.document.payload_texts import Payloads
    from pytest_llmtrace._report.document.replays import Replay
    from pytest_llmtrace._run.money.ledger import Ledger

_PHASES: Final = ("setup", "call", "teardown")
_NOTHING_FAILED: Final = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
"""Of pytest's own: an empty shard of a suite is no failure."""


class Controller:
    """Collects what the owners report, from this process or from xdist workers.

    Everything that only matters to runs that traced something is imported when the run is over.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._texts: list[str | Replay] = []
        self._outcomes: dict[str, str] = {}
        self._durations: dict[str, float] = {}
        self._document: dict[str, Any] | None = None
        self._traced = False
        self._problems: list[str] = []
        self._remarks: list[str] = []
        self._places: dict[str, tuple[str, int]] = {}
        self._crashed: list[str] = []
        self._strays: list[Mapping[str, Any]] = []
        self._folder: str | None = None
        self.ledger: Ledger | None = None
        """What xdist workers spend, where there are any."""

    def take(self, report: pytest.TestReport) -> None:
        """Take in one test report."""
        nodeid, when, outcome = report.nodeid, report.when, str(report.outcome)
        if outcome == "skipped" and hasattr(report, "wasxfail"):
            outcome = "xfailed"
        if when not in _PHASES:  # xdist's own, of a test in which a worker crashed
            self._crashed.append(nodeid)
        if when == "call" or outcome != "passed":
            failed_outside = when != "call" and outcome == "failed"
            if not (failed_outside and self._outcomes.get(nodeid) == "failed"):
                self._outcomes[nodeid] = "error" if failed_outside else outcome
        if when == "setup":
            self._durations[nodeid] = 0.0 + report.duration  # a rerun counts anew
            return
        self._durations[nodeid] = self._durations.get(nodeid, 0.0) + report.duration
        texts = getattr(report, "llmtrace", None) if when == "teardown" else None
        if texts:
            if report.location[1] is not None:
                self._places[nodeid] = (report.location[0], report.location[1] + 1)
            self.add(texts)
            if hasattr(report, "node"):  # of xdist: that takes as long to send them as a call to be replayed
                _add_properties(report, texts)

    def add(
        self, texts: Sequence[str | Replay], strays: Sequence[Mapping[str, Any]] = (), problems: Sequence[str] = ()
    ) -> None:
        """Take in the payloads of owners, as texts, what is known of calls of LLMs that no test made, and problems."""
        self._texts += texts
        self._strays += strays
        self._problems += problems

    @property
    def traced(self) -> bool:
        """Whether the run, which is over, has traced anything."""
        return self._traced

    def ledger_file(self) -> str:
        """A file that all workers count live spending in."""
        if self._folder is None:
            from pytest_llmtrace._run.money.ledger import Ledger  # noqa: PLC0415

            self._folder = tempfile.mkdtemp(prefix="llmtrace-")
            self.ledger = Ledger(Path(self._folder) / "ledger")
        return str(Path(self._folder) / "ledger")

    def finish(
        self, session: pytest.Session, coverage: Coverage, noting: Callable[[str], AbstractContextManager[None]]
    ) -> int | pytest.ExitCode:
        """Apply the run's budgets, draw the document, write the reports. Returns the exit status of the run.

        Args:
            session: The run, which is over.
            coverage: Which tests did not run.
            noting: Keeps a bug inside of it from what comes after; it is told, and fails the run, in the end.
        """
        if session.config.option.collectonly or (not self._texts and self.settings.run_mode == "off"):
            return session.exitstatus  # a report of nothing would replace that of the last run
        from pytest_llmtrace._report.document.document import document  # noqa: PLC0415
        from pytest_llmtrace._report.document.payload_texts import Payloads  # noqa: PLC0415
        from pytest_llmtrace._run.ci import places_in_checkout, write_step_summary  # noqa: PLC0415

        payloads = Payloads(self._texts)
        breaches, budgets = self._held_against_budgets(payloads)
        self._problems += self._never_swapped(payloads)
        self._tell_strays()
        self._document = document(
            payloads.told(),
            self._outcomes,
            mode=self.settings.run_mode,
            breaches=breaches,
            budgets=budgets,
            unused=self._unused(session, coverage, payloads),
            durations=self._durations,
            places=places_in_checkout(self._places, self.settings),
            failed=bool(self._problems) or session.exitstatus not in _NOTHING_FAILED,
        )
        self._traced = True
        self._tell_unseen(session)
        self._note_uncounted(self._document)
        for path in self.settings.reports:
            with noting(f"the report {path.name} could not be written"):
                self._write(path, self._document, payloads)
        with noting("the summary for GitHub could not be written"):
            self._remarks += write_step_summary(self._document, self.settings.ci)
        with noting("the run could not be kept in the history"):
            self._keep(session, coverage, payloads)
        with noting("the spans could not be sent"):
            self._send_spans(payloads)
        failed = self._problems or self._document["breaches"]
        return pytest.ExitCode.TESTS_FAILED if failed and session.exitstatus == 0 else session.exitstatus

    def summarise(self, terminal: pytest.TerminalReporter) -> None:
        """Write the section of the terminal summary, where there is anything to say."""
        if self._document is None:
            return
        from pytest_llmtrace._report.terminal.summary import summary  # noqa: PLC0415
        from pytest_llmtrace._run.ci import annotation_lines  # noqa: PLC0415

        asked = self.settings.terminal
        width = terminal._tw.fullwidth  # noqa: SLF001  # pytest has no public name for it
        lines = list(
            summary(
                self._document,
                verbosity=terminal.verbosity,
                width=width,
                warnings=[*self._problems, *self._remarks],
                shown=asked.summary,
                by_flag=asked.by_flag,
            )
        )
        if lines and (terminal.verbosity >= 0 or asked.by_flag) and asked.summary != "off":
            terminal.write_sep("=", "llmtrace")
        for line in lines:
            terminal.write_line(line.text, **line.markup)
        for text in annotation_lines(self._document, self.settings.ci, self._problems):
            terminal.write_line(text)
        self._document = None  # pytest ends with two full collections of garbage, which would look at all of it

    def close(self) -> None:
        """Remove what was only needed while the run went on."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _held_against_budgets(self, payloads: Payloads) -> tuple[list[Breach], list[dict[str, Any]]]:
        """The breached budgets of the run and of directories, and what was used of all of them."""
        limits, growth = (*self.settings.budgets.run, *self.settings.budgets.directories), self.settings.budgets.growth
        if self.settings.dry_run or not (limits or growth):
            return [], []
        from pytest_llmtrace._report.document.attempts import owners  # noqa: PLC0415
        from pytest_llmtrace._report.document.counted import counted_owner  # noqa: PLC0415
        from pytest_llmtrace._run.money.gates import budget_uses, run_breaches  # noqa: PLC0415

        found = [counted_owner(owner) for owner in owners(payloads)]
        return run_breaches(found, limits, growth), list(budget_uses(found, limits, growth))

    def _never_swapped(self, payloads: Payloads) -> list[str]:
        """Models that no test asked for: a report on the new one would say nothing about it."""
        if not self.settings.live.models:
            return []
        done = {
            pair
            for payload in payloads
            for pair in (*payload.get("swapped", {}).get("models", ()), *payload.get("unswapped", ()))
        }
        pairs = [(old, new) for old, new in self.settings.live.models if f"{old}={new}" not in done]
        return [
            f"--llm-model {old}={new}: no call asked for {old}, so none was sent to {new}, and the run fails"
            for old, new in pairs
        ]

    def _tell_strays(self) -> None:
        from pytest_llmtrace._report.wording import stray_line  # noqa: PLC0415

        for one in self._strays:
            (self._problems if one["refused"] else self._remarks).append(stray_line(one))

    def _write(self, path: Path, document: Mapping[str, Any], payloads: Payloads) -> None:
        from pytest_llmtrace._report.files.endings import write_report  # noqa: PLC0415

        try:
            write_report(path, document, payloads)
        except LlmtraceError as error:
            self._problems.append(str(error))

    def _tell_unseen(self, session: pytest.Session) -> None:
        """What failed while pytest counts nothing as failed: it ran the test again, whose wider fixtures were gone."""
        document = self._document
        if document is None or document["exit"] == "ok" or session.exitstatus != 0:
            return
        from pytest_llmtrace._report.wording import unseen_lines  # noqa: PLC0415

        self._problems += unseen_lines(document)

    def _keep(self, session: pytest.Session, coverage: Coverage, payloads: Payloads) -> None:
        if self.settings.history is not None and self._document is not None and not self.settings.dry_run:
            from pytest_llmtrace._run.history import keep  # noqa: PLC0415  # only where a history is asked for

            whole = coverage.is_full(session)
            self._remarks += keep(self._document, payloads, self.settings, session.config.hook, whole=whole)

    def _send_spans(self, payloads: Payloads) -> None:
        if self.settings.otlp.url is not None and self._document is not None and not self.settings.dry_run:
            from pytest_llmtrace._run.sending_spans import send_spans  # noqa: PLC0415  # only where it is asked for

            self._remarks += send_spans(self._document, payloads, self.settings.otlp.url)

    def _note_uncounted(self, document: dict[str, Any]) -> None:
        from pytest_llmtrace._report.wording import uncounted_line  # noqa: PLC0415
        from pytest_llmtrace._run.money.uncounted import uncounted  # noqa: PLC0415

        found = uncounted(self.ledger, document["totals"], self._crashed)
        if found is not None:
            document["uncounted"] = found
            self._remarks.append(uncounted_line(found))

    def _unused(self, session: pytest.Session, coverage: Coverage, payloads: Payloads) -> list[str]:
        from pytest_llmtrace._run.leftovers import unused_files  # noqa: PLC0415

        if self.settings.run_mode not in ("trace", "record"):
            return []
        ended = {nodeid for nodeid, outcome in self._outcomes.items() if outcome == "error"}
        if ended and not ended <= {payload["nodeid"] for payload in payloads}:
            return []  # a wrong marker kept a test from naming its files, and those of its fixtures
        return unused_files(session, coverage, self.settings.root, payloads, self._outcomes)


def _add_properties(report: pytest.TestReport, texts: Sequence[str | Replay]) -> None:
    """What pytest's JUnit report says of a test; a worker has said it of one that was repeated."""
    from pytest_llmtrace._report.document.payload import is_property  # noqa: PLC0415
    from pytest_llmtrace._report.document.payload_texts import read_told  # noqa: PLC0415
    from pytest_llmtrace._report.document.replays import properties_of  # noqa: PLC0415

    if not any(map(is_property, report.user_properties)):
        for text in texts:
            report.user_properties += properties_of(read_told(text))
