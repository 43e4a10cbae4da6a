"""What reports must know of the owners that are done, until it leaves this process with the report of a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmtrace._report.document.payload_texts import as_kept, as_texts
from pytest_llmtrace._report.document.replays import Replay, properties_of
from pytest_llmtrace._run.recording.recorded import kept_calls
from pytest_llmtrace._run.telling import told_of
from pytest_llmtrace._settings.values import Settings

if TYPE_CHECKING:
    from pytest_llmtrace._model.trace import Trace
    from pytest_llmtrace._run.owner import OwnerRun


class Outbox:
    """The payloads of one process that no report has taken along yet."""

    def __init__(self, settings: Settings, *, travels: bool) -> None:
        """Args: travels: whether the reports go from an xdist worker to the controller, which adds `properties`."""
        self._settings = settings
        self._travels = travels
        self._payloads: list[dict[str, Any] | Replay] = []

    @cached_property
    def with_entries(self) -> bool:
        """Whether payloads must hold full entries, because a report file will."""
        if not self._settings.reports:
            return False
        from pytest_llmtrace._report.files.endings import needs_entries  # noqa: PLC0415

        return any(needs_entries(path) for path in self._settings.reports)

    @cached_property
    def with_spans(self) -> bool:
        """Whether payloads must hold spans, because they are sent or a report file has them."""
        if self._settings.otlp.url is not None:
            return True
        if not self._settings.reports:
            return False
        from pytest_llmtrace._report.files.endings import needs_spans  # noqa: PLC0415

        return any(needs_spans(path) for path in self._settings.reports)

    @cached_property
    def _tells_more(self) -> bool:
        return self._settings.history is not None or self.with_spans

    def more(self, began: float, redact: Callable[[str], str]) -> Callable[[Trace], dict[str, Any]] | None:
        """What goes along, of the trace of an owner that began then, for those who asked for more than reports.

        `None` where nobody did.
        """
        if not self._tells_more:
            return None

        def made(trace: Trace) -> dict[str, Any]:
            found = kept_calls(trace) if self._settings.history is not None else {}
            if self.with_spans:
                from pytest_llmtrace._report.spans.of_run import span_rows  # noqa: PLC0415  # only where asked for

                found["spans"] = span_rows(trace, began, redact, content=self._settings.otlp.content)
            return found

        return made

    def add(self, payload: dict[str, Any]) -> None:
        """Put one in."""
        self._payloads.append(payload)

    def add_owner(self, run: OwnerRun) -> None:
        """Put in what is to be told of an owner that is over."""
        more = self.more(run.recorder.began_clock, run.look.redactor.text) if self._tells_more else None
        self._payloads.append(told_of(run, with_entries=self.with_entries, more=more))

    def put_back(self, payloads: Sequence[dict[str, Any]]) -> None:
        """Put those in that were taken out, in front of all others."""
        self._payloads = [*payloads, *self._payloads]

    def texts(self) -> list[str]:
        """What is in it, handed out once."""
        return as_texts(self._taken())

    def ride_on(self, report: pytest.TestReport) -> None:
        """Give a report what is in it along, to the controller."""
        payloads = self._taken()
        if self._travels:
            report.llmtrace = as_texts(payloads)  # type: ignore[attr-defined]
        else:
            report.llmtrace = as_kept(payloads)  # type: ignore[attr-defined]
            for payload in payloads:
                report.user_properties += properties_of(payload)

    def _taken(self) -> list[dict[str, Any] | Replay]:
        payloads, self._payloads = self._payloads, []
        return payloads
