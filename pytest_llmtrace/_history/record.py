"""One run as a history keeps it: plain data, made from the report document and the calls of each test.

``{"llmtrace_history": 1, "run": {...}, "tests": [{..., "findings": [...], "called": [...]}]}``; each row has the keys
of `columns`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pytest_llmtrace._history.columns import CALL, FINDING, MOMENT, RUN, TEST, fitting, moment, money, plain_text
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace.errors import LlmtraceError

FORMAT_VERSION: Final = 1
"""Of the files that wait.

1. The first.
"""
_KEY: Final = "llmtrace_history"
_NOT_RUN: Final = frozenset({"error", "skipped", "unknown", "xfailed"})
"""Outcomes of tests that may not have begun: where such a one called nothing, that is no drop in cost."""
_TOKENS: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")

Record = Mapping[str, Any]


class DamagedRunError(LlmtraceError):
    """A file that is no run; the text says why."""


class NewerRunError(LlmtraceError):
    """A run that a later version of pytest-llmtrace wrote."""


def call_rows(trace: Trace) -> list[dict[str, Any]]:
    """What a history keeps of the calls of a test: nothing that anybody said."""
    return [_call(number, call) for number, call in enumerate(trace.calls, 1) if call.status != "missed"]


def run_record(
    document: Mapping[str, Any],
    calls: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]],
    about: Mapping[str, Any],
    redact: Callable[[str], str],
) -> Record:
    """The record of a run.

    Args:
        document: The report document.
        calls: What `call_rows` made, by node id and, of a fixture, golden trace.
        about: The columns of `RUN` that the document does not have; times are seconds since the epoch.
        redact: Removes secrets from a text.
    """
    rows = [*document["tests"], *({**row, "fixture": True} for row in document.get("fixtures", ()))]
    run = {
        **about,
        "started_at": moment(about["started_at"]),
        "commit_time": moment(about.get("commit_time")),
        "mode": document["mode"],
        "outcome": document["exit"],
        "tests": document["totals"]["tests"],
        **_amounts(document["totals"]),
    }
    record = {
        _KEY: FORMAT_VERSION,
        "run": run,
        "tests": [_test(number, row, calls) for number, row in enumerate(rows, 1)],
    }
    return checked(_redacted(record, redact))


def checked(data: Any) -> Record:
    """A record whose rows fit the tables. Raises: DamagedRunError, NewerRunError."""
    if not isinstance(data, dict) or not isinstance(data.get(_KEY), int) or isinstance(data.get(_KEY), bool):
        raise DamagedRunError(f"it has no {_KEY!r}")
    if data[_KEY] > FORMAT_VERSION:
        raise NewerRunError(f"a later version of pytest-llmtrace wrote it (format {data[_KEY]})")
    try:
        tests = [_checked_test(row) for row in _rows(data, "tests")]
        run = fitting(RUN, data["run"])
        _check_numbers(tests)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedRunError(f"it is no run: {error}") from None
    return {_KEY: FORMAT_VERSION, "run": run, "tests": tests}


def loads(data: bytes) -> Record:
    """The record in a file. Raises: DamagedRunError, NewerRunError."""
    try:
        return checked(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise DamagedRunError(f"it is no JSON: {error}" if data else "it is empty") from None


def dumps(record: Record) -> bytes:
    """The content of a file."""
    return json.dumps(record, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def started(record: Record) -> datetime:
    """When the run began."""
    return datetime.strptime(record["run"]["started_at"], MOMENT)  # noqa: DTZ007  # it is UTC, and for a file's name


def _checked_test(row: Any) -> dict[str, Any]:
    calls = [fitting(CALL, call) for call in _rows(row, "called")]
    findings = Counter[tuple[str, str, str]]()
    for found in _rows(row, "findings"):
        one = fitting(FINDING, found)
        findings[one["type"], one["kind"], one["severity"]] += one["count"]
    _check_numbers(calls)
    counted = [
        {"type": type_, "kind": kind, "severity": severity, "count": count}
        for (type_, kind, severity), count in sorted(findings.items())
    ]
    return {**fitting(TEST, row), "findings": counted, "called": calls}


def _check_numbers(rows: Sequence[Mapping[str, Any]]) -> None:
    if len({row["number"] for row in rows}) < len(rows):
        raise ValueError("two rows have one number")


def _rows(data: Any, key: str) -> Sequence[Any]:
    rows = data[key]
    if not isinstance(rows, list):
        raise TypeError(f"{key} is no list")
    return rows


def _test(number: int, row: Mapping[str, Any], calls: Mapping[tuple[str, str], Sequence[Any]]) -> dict[str, Any]:
    fixture = bool(row.get("fixture"))
    place = (row["golden"] or "") if fixture else ""
    mine = calls.get((row["nodeid"], place), ())
    return {
        "number": number,
        "nodeid": row["nodeid"],
        "fixture": fixture,
        "outcome": row["outcome"],
        "mode": row["mode"],
        "stopped": bool(row.get("stopped")) or (row["outcome"] in _NOT_RUN and not row["calls"]),
        "duration_s": row.get("duration_s"),
        **_amounts({**row, **row.get("paid", {})}),
        "findings": list(_findings(row["findings"])),
        "called": [{**call, "number": at} for at, call in enumerate(mine, 1)],
    }


def _findings(found: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What was found, counted: a drift by what drifted."""
    counted = Counter((one["type"], one.get("kind") or "", one["severity"]) for one in found)
    for (type_, kind, severity), count in sorted(counted.items()):
        yield {"type": type_, "kind": kind, "severity": severity, "count": count}


def _amounts(row: Mapping[str, Any]) -> dict[str, Any]:
    cost = money(row["cost_usd"])
    return {
        "calls": row["calls"],
        "live_calls": row["live_calls"],
        **_tokens(row["usage"]),
        "cost_usd": cost,
        "priced_usd": cost or money(row.get("priced_usd")) or money("0"),
        "unpriced_calls": row.get("unpriced_calls", 0),
        "live_cost_usd": money(row.get("live_cost_usd", 0.0)),
    }


def _tokens(usage: Mapping[str, Any]) -> dict[str, Any]:
    return {name: int(usage.get(name) or 0) for name in _TOKENS} | {"estimated": bool(usage.get("estimated"))}


def _call(number: int, call: LLMCall) -> dict[str, Any]:
    return {
        "number": number,
        "operation": plain_text(call.operation),
        "provider": plain_text(call.provider),
        "model": plain_text(call.model),
        "source": call.source,
        "status": call.status,
        "finish_reason": _short(call.finish_reason),
        "error_type": _short(call.error.type) if call.error else None,
        "duration_s": round(call.duration, 3) if call.source == "live" else None,
        **_tokens((call.usage or Usage()).to_data()),
        "cost_usd": money(totals((call,)).cost_usd),
    }


_LONGEST_WORD: Final = 100


def _short(word: str | None) -> str | None:
    """What should be a word of a provider; a text, which may quote what was said, is left out."""
    return None if word is None else plain_text(word) if len(word) <= _LONGEST_WORD and " " not in word else "(a text)"


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """The data, its names without secrets; what is made here is left alone, whatever a rule takes it for."""
    if isinstance(value, dict):
        return {
            key: redact(one) if key in _OF_OTHERS and isinstance(one, str) else _redacted(one, redact)
            for key, one in value.items()
        }
    return [_redacted(one, redact) for one in value] if isinstance(value, list) else value


_OF_OTHERS: Final = frozenset(
    {
        *("project", "branch", "change_url", "ci_url", "nodeid"),
        *("operation", "provider", "model", "finish_reason", "error_type"),
    }
)
