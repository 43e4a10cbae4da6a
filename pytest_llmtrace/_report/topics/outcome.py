"""What came of a run, in a sentence, and how a change against the golden traces is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from pytest_llmtrace._report.money import percent
from pytest_llmtrace._report.topics.budgets import breached_text
from pytest_llmtrace._report.wording import FINDING_NAMES, counted_as, joined, plural

Document = Mapping[str, Any]
"""What `document.document` made."""

FAILED: Final = frozenset({"failed", "error"})
"""Outcomes of a test that failed."""

FORGIVEN: Final = frozenset({"skipped", "xfailed"})
"""Outcomes under which a test's findings do not fail the run."""

_SAME: Final = 0.0005
"""Growth that is none: what rounding makes."""


def rows_of(document: Document) -> list[Mapping[str, Any]]:
    """The rows of tests and of fixtures of wider scope."""
    return [*document["tests"], *document.get("fixtures", ())]


def failing(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The findings of a row that fail it."""
    return [finding for finding in row["findings"] if finding["severity"] == "fail"]


def outcome_sentence(document: Document) -> str:
    """What came of it: ``2 of 12 tests drifted, 1 over budget; the budget of the run is breached.`` and the like."""
    rows = rows_of(document)
    counts = Counter(kind for row in rows for kind in {counted_as(finding) for finding in failing(row)})
    parts = [f"{counts[kind]} {name}" for kind, name in FINDING_NAMES.items() if counts[kind]]
    others = sum(1 for row in document["tests"] if row["outcome"] in FAILED and not failing(row))
    if others:
        parts.append(f"{others} failed for other reasons")
    if parts:
        number, _, rest = parts[0].partition(" ")
        parts[0] = f"{_share(int(number), document)} {rest}"
    sentences = [", ".join(parts)] if parts else []
    if document["breaches"]:
        sentences.append(breached_text(document["breaches"]))
    return f"{'; '.join(sentences or [_without_findings(document, rows)])}."


def _without_findings(document: Document, rows: list[Mapping[str, Any]]) -> str:
    if document["exit"] == "failed":
        return "no finding in LLM calls: tests without any, or what surrounds them, failed"
    if "dry_run" in document:
        return "a dry run: nothing was called, written or compared"
    warned = sum(1 for row in rows if any(finding["severity"] == "warn" for finding in row["findings"]))
    if warned:
        return f"{_share(warned, document)} with warnings, none failed"
    return "recorded" if document["mode"] == "record" else "no drift, no budget breached"


def number_of_rows(document: Document) -> str:
    """``12 tests``, ``12 tests and 1 fixture``."""
    fixtures = document.get("fixtures", ())
    parts = [plural(len(document["tests"]), "test")] if document["tests"] or not fixtures else []
    return joined([*parts, *([plural(len(fixtures), "fixture")] if fixtures else [])])


def _share(number: int, document: Document) -> str:
    whole = number_of_rows(document)
    return whole if number == len(rows_of(document)) else f"{number} of {whole}"


def grew(growth: float | None) -> bool:
    """Whether something changed, in either direction, by more than rounding makes."""
    return growth is not None and abs(growth) > _SAME


def change(growth: float) -> str:
    """``+12 %``, ``-3 %``."""
    return f"{'+' if growth > 0 else '-'}{percent(abs(growth))}"
