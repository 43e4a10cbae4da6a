"""What reports must know of the owners that are done, until it leaves this process with the report of a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmtrace._report.document.payload import properties
from pytest_llmtrace._report.document.payload_texts import as_texts
from pytest_llmtrace._run.recording.recorded import kept_calls
from pytest_llmtrace._settings.values import Settings

if TYPE_CHECKING:
    from pytest_llmtrace._model.trace import Trace


class Outbox:
    """The payloads of one process that no report has taken along yet."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._payloads: list[dict[str, Any]] = []

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

    def more(self, began: float, redact: Callable[[str], str]) -> Callable[[Trace], dict[str, Any]] | None:
        """What goes along, of the trace of an owner that began then, for those who asked for more than reports.

        `None` where nobody did.
        """
        if self._settings.history is None and not self.with_spans:
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

    def put_back(self, payloads: Sequence[dict[str, Any]]) -> None:
        """Put those in that were taken out, in front of all others."""
        self._payloads = [*payloads, *self._payloads]

    def texts(self) -> list[str]:
        """What is in it, handed out once."""
        return as_texts(self._taken())

    def ride_on(self, report: pytest.TestReport) -> None:
        """Give a report what is in it along, and what pytest's JUnit report says: calls, tokens, cost and findings."""
        payloads = self._taken()
        report.llmtrace = as_texts(payloads)  # type: ignore[attr-defined]  # to the controller
        own = (payload for payload in payloads if not payload["fixture"])
        report.user_properties += [pair for payload in own for pair in properties(payload)]

    def _taken(self) -> list[dict[str, Any]]:
        payloads, self._payloads = self._payloads, []
        return payloads
