"""Findings as a GitLab code quality report: a list of issues at the lines of the tests.

The fields are those that GitLab reads (docs.gitlab.com, "Code Quality report format").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.limits import RUN
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.topics.outcome import FORGIVEN, rows_of
from pytest_llmtrace._report.wording import breach_line, finding_line, finding_title, scope_name

_SEVERITIES: Final = {"fail": "major", "warn": "minor"}
_IDENTITY: Final = ("type", "kind", "conversation", "turn", "path", "method", "url", "what", "of", "cassette", "scope")
"""Fields of a finding that say which one it is: the same in the next pipeline, whatever the values are by then."""


def code_quality(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An issue per finding that fails or warns, and per breached budget of the run or of a directory.

    Such a budget stands at its dearest test, and what belongs to a fixture at its golden trace: GitLab shows no issue
    without a place.
    """
    seen: Counter[str] = Counter()
    issues = []
    for row, finding, title in _findings(document):
        file, line = _place(row, finding)
        if not file:
            continue
        identity = [row["nodeid"], *(finding.get(name) for name in _IDENTITY)]
        key = canonical_json(identity)
        seen[key] += 1
        issues.append(
            {
                "description": clean_line(title),
                "check_name": "/".join(filter(None, ("llmtrace", finding["type"], finding.get("kind")))),
                "fingerprint": digest(f"{key}\0{seen[key]}"),
                "severity": _SEVERITIES[finding["severity"]],
                "location": {"path": file, "lines": {"begin": line}},
            }
        )
    return issues


def _findings(document: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any], str]]:
    rows = rows_of(document)
    for row in rows:
        for finding in row["findings"]:
            if finding["severity"] in _SEVERITIES and row["outcome"] not in FORGIVEN:
                yield row, finding, f"{row['nodeid']} {finding_title(finding)}: {finding_line(finding)}"
    for breach in document["breaches"]:
        if (dearest := _dearest(rows, breach["scope"])) is not None:
            found = {"type": "breach", "severity": "fail", **breach}
            yield dearest, found, f"the LLM budget of {scope_name(breach['scope'])}: {breach_line(breach)}"


def _dearest(rows: Sequence[Mapping[str, Any]], scope: str) -> Mapping[str, Any] | None:
    """The dearest test of those that a budget is for."""
    inside = [row for row in rows if scope in (RUN, ".") or row["nodeid"].startswith(f"{scope}/")]
    return max(inside or rows, key=lambda row: row["cost_usd"] or row.get("priced_usd") or 0.0, default=None)


def _place(row: Mapping[str, Any], finding: Mapping[str, Any]) -> tuple[str, int]:
    if "file" in row:
        return row["file"], row["line"]
    return row["golden"] or finding.get("cassette") or "", 1
