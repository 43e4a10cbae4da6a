"""What the page knows of a run: the part that it reads at once, and the part of a test that it reads on demand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.html.blocks import Values
from pytest_llmtrace._report.html.budgets import budget_rows, pricing
from pytest_llmtrace._report.html.shown_values import side_texts
from pytest_llmtrace._report.html.traces import trace_data
from pytest_llmtrace._report.topics.growth import golden_cost, row_runs
from pytest_llmtrace._report.topics.rates import rate
from pytest_llmtrace._report.topics.recorded import behaviour, work
from pytest_llmtrace._report.topics.way_out import accept_command, models_instead
from pytest_llmtrace._report.wording import drift_title, finding_line, joined, plural, quoted

Key = tuple[str, str]
"""What tells rows apart: the node id, and for a fixture its golden trace too."""

_ACCEPTED_BY_RECORDING: Final = frozenset({"drift", "miss", "unplayed", "no_cassette"})


def rows_of(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of tests, then those of fixtures: what the page numbers from 0."""
    return [*document["tests"], *(row | {"fixture": True} for row in document.get("fixtures", ()))]


def key_of(row: Mapping[str, Any]) -> Key:
    """The key of a row, or of a payload."""
    return row["nodeid"], (row["golden"] or "") if row.get("fixture") else ""


def run_data(
    document: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    traced: Collection[Key],
    shared: Sequence[Mapping[str, Any]],
    pages: Sequence[int],
) -> dict[str, Any]:
    """The run, its models and agents, and a line about each test.

    Args:
        document: The run.
        rows: What `rows_of` makes of it.
        traced: Keys of the rows that have a transcript.
        shared: What `causes` made.
        pages: The first number of each page of values.
    """
    return {
        "mode": document["mode"],
        "totals": _amounts(document["totals"]),
        "models": [{"name": row["model"], **_amounts(row)} for row in document["models"]],
        "agents": [{"name": row["agent"], **_amounts(row)} for row in document["agents"]],
        "budgets": budget_rows(document),
        "pricing": pricing(document),
        "unused": [clean_line(path) for path in document["unused"]],
        "tests": [_row(row, trace=key_of(row) in traced) for row in rows],
        "causes": shared,
        "pages": pages,
    }


def whole_row(row: Mapping[str, Any], packed: Iterable[Mapping[str, Any]], values: Values) -> dict[str, Any]:
    """One test in full: its findings with both sides, what else is known about it, and its traces."""
    return {
        "findings": [_finding(finding, values) for finding in row["findings"]],
        "notes": list(_notes(row)),
        "command": _command(row),
        "traces": [trace_data(trace, values) for trace in packed],
    }


def causes(rows: Sequence[Mapping[str, Any]], values: Values) -> list[dict[str, Any]]:
    """Findings that are the same in several tests, once, with those tests: the gravest and most frequent first.

    Sameness is that of kind, path and both values: one edited prompt is one cause, in however many tests it shows.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows):
        for place, finding in enumerate(row["findings"]):
            cause = found.setdefault(_identity(finding), {"at": [], **_shown(finding, values)})
            cause["at"].append([number, place])
            if _GRAVITY[finding["severity"]] < _GRAVITY[cause["severity"]]:
                cause["severity"] = finding["severity"]
    return sorted(found.values(), key=lambda cause: (_GRAVITY[cause["severity"]], -len(cause["at"])))


_GRAVITY: Final = {"fail": 0, "warn": 1, "ignore": 2}


def _identity(finding: Mapping[str, Any]) -> str:
    return canonical_json(
        [finding.get(name) for name in ("type", "kind", "path", "golden", "observed", "what", "url", "text")]
    )


def _row(row: Mapping[str, Any], *, trace: bool) -> dict[str, Any]:
    file, _, name = row["nodeid"].partition("::")
    return {
        "file": file if name else "",
        "name": name or file,
        "fixture": bool(row.get("fixture")),
        "outcome": row["outcome"],
        "mode": row["mode"],
        **_amounts(row),
        "live": row["live_calls"],
        "seconds": row.get("duration_s"),
        "golden": row["golden"],
        "golden_cost": golden_cost(row),
        "growth": row.get("growth", {}).get("usd"),
        "runs": row_runs(row),
        "models": row.get("models", []),
        "findings": [
            {
                "type": finding["type"],
                "kind": finding.get("kind") or finding["type"],
                "severity": finding["severity"],
                "line": finding_line(finding),
            }
            for finding in row["findings"]
        ],
        "trace": trace,
    }


def _finding(finding: Mapping[str, Any], values: Values) -> dict[str, Any]:
    return {
        **_shown(finding, values),
        "conversation": finding.get("conversation"),
        "turn": finding.get("turn"),
        "first": bool(finding.get("first")),
        "folded": finding.get("folded", 0),
        "folded_at": finding.get("folded_at", []),
        "rate": rate(finding).removeprefix(": "),
    }


def _shown(finding: Mapping[str, Any], values: Values) -> dict[str, Any]:
    golden, observed = side_texts(finding) if finding["type"] == "drift" else (None, None)
    more = finding.get("traceback") or finding.get("detail") or "\n".join(finding.get("stack", ()))
    return {
        "type": finding["type"],
        "kind": finding.get("kind") or finding["type"],
        "severity": finding["severity"],
        "title": _title(finding),
        "path": finding.get("path", ""),
        "role": finding.get("role"),
        "golden": None if golden is None else values.number(golden),
        "observed": None if observed is None else values.number(observed),
        "suggestion": finding.get("suggestion"),
        "more": values.number(more) if more else None,
    }


def _title(finding: Mapping[str, Any]) -> str:
    """The finding in one line, without the place, which is shown beside it."""
    return drift_title([finding]) if finding["type"] == "drift" else finding_line(finding)


def _notes(row: Mapping[str, Any]) -> Iterator[str]:
    """What else there is to say about a test."""
    if row.get("recorded"):
        yield f"recorded: {work(row)}"
        yield from behaviour(row)
    if row.get("nearest_answers"):
        yield f"{plural(row['nearest_answers'], 'request')} answered with the nearest recorded answer"
    if runs := row.get("runs"):
        yield f"failed in {runs['failed']} of {plural(runs['count'], 'live run')}"
    for pair, number in row.get("swapped", {}).get("models", {}).items():
        yield f"model swapped: {clean_line(pair)} ({plural(number, 'call')})"
    if _command(row) and (models := models_instead(row)):
        yield f"to accept it, write {joined(models)} in your code first"
    for name, number in row.get("variants", {}).items():
        yield f"nearest to {clean_line(name)} ({plural(number, 'run')})"
    yield from (f"not understood: {clean_line(request)}" for request in row.get("not_understood", ()))


def _command(row: Mapping[str, Any]) -> str | None:
    """The command that accepts what was found, or records what is missing."""
    if any(finding.get("tapes_off") for finding in row["findings"]):
        return clean_line(f"pytest --llm-live {quoted(row['nodeid'])}")
    types = {finding["type"] for finding in row["findings"] if finding["severity"] == "fail"}
    return accept_command(row) if types & _ACCEPTED_BY_RECORDING else None


def _amounts(row: Mapping[str, Any]) -> dict[str, Any]:
    usage = row["usage"]
    return {
        "calls": row["calls"],
        "input": usage["input_tokens"],
        "output": usage["output_tokens"],
        "cost": row["cost_usd"],
        "priced": row.get("priced_usd", row["cost_usd"]),
    }
