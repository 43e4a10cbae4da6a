"""Two sides that were compared, in words and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_llmtrace._model.compared import Compared, ComparedPair
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.document.payload import finding_data
from pytest_llmtrace._report.failure.drift_section import drift_section
from pytest_llmtrace._report.layout import Line
from pytest_llmtrace._report.wording import joined, plural


def diff_lines(found: Compared, width: int) -> Iterator[Line]:
    """A screen for each pair that differs, as a failed test shows it, then what only one side has, and the count."""
    for pair in found.pairs:
        if pair.drifts:
            yield from _screen(pair, width)
            yield Line(text="")
    for pair in found.pairs:
        if pair.renamed_from is not None:
            text = f"renamed  {clean_line(pair.renamed_from)} -> {clean_line(pair.name)}"
            yield Line(text=text, markup={"yellow": True})
    yield from (Line(text=f"- {clean_line(name)}", markup={"red": True}) for name in found.removed)
    yield from (Line(text=f"+ {clean_line(name)}", markup={"green": True}) for name in found.added)
    yield Line(text=_count(found), markup={"green" if found.equal else "red": True, "bold": True})


def diff_data(found: Compared) -> dict[str, Any]:
    """The same as data."""
    return {
        "equal": found.equal,
        "pairs": [
            {
                "name": pair.name,
                "golden": pair.golden_file,
                "observed": pair.observed_file,
                "renamed_from": pair.renamed_from,
                "equal": pair.equal,
                "findings": [finding_data(drift) for drift in pair.drifts],
            }
            for pair in found.pairs
        ],
        "added": list(found.added),
        "removed": list(found.removed),
        "unread": list(found.unread),
    }


def _screen(pair: ComparedPair, width: int) -> Iterator[Line]:
    yield Line(text=f"{clean_line(pair.name)} {'has warnings' if pair.equal else 'differs'}", markup={"bold": True})
    verdict = Verdict(owner=pair.name, mode="trace", findings=pair.drifts, golden=pair.golden, observed=pair.observed)
    for block in drift_section(verdict, pair.drifts, width):
        if block:
            yield Line(text="")
            yield from (Line(text=line) for line in block)
    yield Line(text="")
    yield Line(text=f"  golden    {clean_line(pair.golden_file)}", markup={"faint": True})
    yield Line(text=f"  observed  {clean_line(pair.observed_file)}", markup={"faint": True})


def _count(found: Compared) -> str:
    """``1 of 3 traces differs, 1 added, 2 removed``, or that all are equal."""
    differing = sum(1 for pair in found.pairs if not pair.equal)
    if found.equal:
        return f"{plural(len(found.pairs), 'trace')} compared, no difference"
    parts = [f"{differing} of {plural(len(found.pairs), 'trace')} differ{'s' if differing == 1 else ''}"]
    sides = ((found.added, "added"), (found.removed, "removed"), (found.unread, "not readable"))
    parts += [f"{len(names)} {word}" for names, word in sides if names]
    return joined(parts) if len(parts) < 3 else ", ".join(parts)
