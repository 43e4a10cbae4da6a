"""The findings of a run in Markdown: a folded part for each test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._report.brief import value_text
from pytest_llmtrace._report.clean import clean
from pytest_llmtrace._report.files.markup import code, fenced, folded, html_code
from pytest_llmtrace._report.text_diff import text_diff
from pytest_llmtrace._report.topics.outcome import failing
from pytest_llmtrace._report.topics.rates import rate
from pytest_llmtrace._report.topics.way_out import accept_command, models_instead
from pytest_llmtrace._report.wording import finding_line, joined, plural, quoted

_SHOWN: Final = 20
"""Findings of one test that are listed."""
_WIDTH: Final = 110
_ACCEPTED_BY_RECORDING: Final = frozenset({"drift", "miss", "unplayed", "no_cassette"})
_MARKS: Final = {"fail": "❌", "warn": "⚠️", "ignore": "✅"}


def findings(rows: Sequence[Mapping[str, Any]], room: int) -> Iterator[str]:
    """A folded part for each row that has findings: those that fail first, and open where it is the only one.

    Args:
        rows: Rows of the document.
        room: Bytes that they may take; the tests that do not fit are counted.
    """
    found = [row for row in rows if row["findings"]]
    if not found:
        return
    found.sort(key=lambda row: not failing(row))
    yield from ("", "### Findings")
    for number, row in enumerate(found):
        lines = list(folded(_summary(row), _of_test(row), shown=len(found) == 1))
        room -= sum(len(line.encode("utf-8", "backslashreplace")) + 1 for line in lines)
        if room < 0:
            yield from ("", f"and {plural(len(found) - number, 'more test')} with findings.")
            return
        yield from lines


def _summary(row: Mapping[str, Any]) -> str:
    """What stands on the folded part: the gravest finding of the test, the first of its kind."""
    gravest = min(row["findings"], key=lambda finding: _GRAVITY.index(finding["severity"]))
    others = len(row["findings"]) - 1
    more = f" and {others} more" if others else ""
    return f"{_MARKS[gravest['severity']]} {html_code(row['nodeid'])}: {html_code(finding_line(gravest))}{more}"


def _of_test(row: Mapping[str, Any]) -> Iterator[str]:
    for finding in row["findings"][:_SHOWN]:
        yield from _finding(finding)
    if len(row["findings"]) > _SHOWN:
        yield f"* and {plural(len(row['findings']) - _SHOWN, 'more finding')}"
    types = {finding["type"] for finding in failing(row)}
    if any(finding.get("tapes_off") for finding in row["findings"]):
        yield from ("", "To compare it:", "", *fenced([f"pytest --llm-live {quoted(row['nodeid'])}"]))
    elif types & _ACCEPTED_BY_RECORDING:
        word = "record" if "no_cassette" in types else "accept"
        models = [code(model) for model in models_instead(row)]
        first = f", write {joined(models)} in your code, then" if models else ""
        yield from ("", f"To {word} it{first}:", "", *fenced([accept_command(row)]))


def _finding(finding: Mapping[str, Any]) -> Iterator[str]:
    note = {"warn": " (warning)", "ignore": " (accepted)"}.get(finding["severity"], "")
    first = " ← first divergence" if finding.get("first") else ""
    yield f"* {code(finding_line(finding))}{rate(finding)}{note}{first}"
    if finding["type"] == "drift":
        golden, observed = (
            None if finding[side] is None else value_text(finding[side]) for side in ("golden", "observed")
        )
        if golden is not None or observed is not None:
            yield from ("", *fenced(text_diff(golden, observed, _WIDTH), "  ", "diff"))
        if finding.get("suggestion"):
            yield from ("", "  To absorb it:", "", *fenced(_lines(finding["suggestion"]), "  ", "ini"))
    elif finding["type"] == "internal" and finding["traceback"]:
        yield from ("", *fenced(_lines(finding["traceback"]), "  "))


def _lines(text: str) -> list[str]:
    return clean(text).rstrip().split("\n")


_GRAVITY: Final = ("fail", "warn", "ignore")
