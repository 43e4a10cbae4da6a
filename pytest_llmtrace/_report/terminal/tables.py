"""The tables of the summary: who answered, models, agents, tests.

`rows` is how many rows each table shows, `None` for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, table
from pytest_llmtrace._report.money import UNKNOWN, count, seconds, usd
from pytest_llmtrace._report.topics.growth import grew, growth_cell, growth_cells
from pytest_llmtrace._report.wording import plural

_AMOUNTS: Final = ("calls", "in", "cached", "out", "cost")
_DROPPABLE: Final = ("cached", "in", "out", "outcome", "seconds", "s/call", "vs golden")
"""Columns, in the order in which a narrow terminal does without them."""
_SLOW: Final = 1.0
"""Seconds that make a test without live calls worth a row among the slowest."""
SOURCES: Final = {"live": "live", "tape": "replayed", "journal": "from the journal", "local": "in the process"}
"""Who answered, in words."""

Rows = Sequence[Mapping[str, Any]]


def source_table(document: Mapping[str, Any], width: int) -> Iterator[Line]:
    """Live against replayed calls, where there are both."""
    found = document.get("sources", ())
    if len(found) > 1:
        named = [{**row, "source": SOURCES.get(row["source"], row["source"])} for row in found]
        yield from amounts_table("source", named, width, None, title="answered")


def model_table(document: Mapping[str, Any], width: int, rows: int | None) -> Iterator[Line]:
    """A row per model, the dearest first."""
    return amounts_table("model", document["models"], width, rows)


def agent_table(document: Mapping[str, Any], width: int, rows: int | None) -> Iterator[Line]:
    """A row per agent, the dearest first."""
    return amounts_table("agent", document["agents"], width, rows)


def dearest_tests(document: Mapping[str, Any], width: int, rows: int | None) -> Iterator[Line]:
    """The dearest tests; where all are shown, also those without calls and fixtures, each with its outcome."""
    found = [row for row in _rows(document) if row["calls"] or rows is None]
    found.sort(key=lambda row: (-_part(row), row["nodeid"]))
    title = "test" if rows is None else "dearest tests"
    cells = [
        (
            clean_line(row["nodeid"]),
            *_cells(row),
            growth_cell(row),
            _seconds(row.get("duration_s")) if rows is None else "",
            clean_line(row["outcome"]) if rows is None else "",
        )
        for row in found[:rows]
    ]
    yield from _cut(found, (title, *_AMOUNTS, "vs golden", "seconds", "outcome"), cells, width, "test")


def slowest_tests(document: Mapping[str, Any], width: int, rows: int | None) -> Iterator[Line]:
    """The slowest of the tests that made live calls, or took long without; nothing where a table shows all tests."""
    found = [row for row in document["tests"] if row["live_calls"] or row.get("duration_s", 0.0) >= _SLOW]
    found = [row for row in found if "duration_s" in row]
    if rows is None:
        return
    found.sort(key=lambda row: (-row["duration_s"], row["nodeid"]))
    cells = [
        (
            clean_line(row["nodeid"]),
            _seconds(row["duration_s"]),
            count(row["calls"]),
            count(row["live_calls"]) if row["live_calls"] else "",
            _per_call(row),
        )
        for row in found[:rows]
    ]
    yield from _cut(found, ("slowest tests", "seconds", "calls", "live", "s/call"), cells, width, "test")


def grown_tests(document: Mapping[str, Any], width: int, rows: int | None) -> Iterator[Line]:
    """The tests that used more or less than their golden traces, what grew most first."""
    found = sorted((row for row in _rows(document) if grew(row)), key=lambda row: (-grew(row), row["nodeid"]))
    cells = [(clean_line(row["nodeid"]), *growth_cells(row)) for row in found[:rows]]
    header = ("growth", "tokens", "golden", "change", "cost", "golden ", "change ")
    yield from _cut(found, header, cells, width, "test", droppable=("golden", "golden ", "tokens", "change"))


def amounts_table(key: str, found: Rows, width: int, rows: int | None = 10, *, title: str = "") -> Iterator[Line]:
    """A row per name, in the order given."""
    cells = [(clean_line(row[key]), *_cells(row), _per_call(row)) for row in found[:rows]]
    yield from _cut(found, (title or key, *_AMOUNTS, "s/call"), cells, width, key)


def _cut(
    found: Rows,
    header: Sequence[str],
    cells: Sequence[Sequence[str]],
    width: int,
    noun: str,
    *,
    droppable: Sequence[str] = _DROPPABLE,
) -> Iterator[Line]:
    """A table of the first rows of what was found, and how many more there are."""
    if not cells:
        return
    lines = table(header, cells, width, droppable=droppable)
    yield Line(text=lines[0], markup={"bold": True})
    for text, row in zip(lines[1:], found, strict=False):
        yield Line(text=text, markup=_markup(row))
    if len(found) > len(cells):
        yield Line(text=f"and {plural(len(found) - len(cells), f'more {noun}')} (--llm-summary=all)")


def _rows(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*document["tests"], *document.get("fixtures", ())]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    usage = row["usage"]
    cached = usage.get("cache_read_tokens", 0)
    return (
        count(row["calls"]),
        count(usage["input_tokens"]),
        count(cached) if cached else "",
        count(usage["output_tokens"]),
        UNKNOWN if row["cost_usd"] is None else usd(row["cost_usd"]),
    )


def _part(row: Mapping[str, Any]) -> float:
    """The cost as far as it is known."""
    return float((row["cost_usd"] if row["cost_usd"] is not None else row.get("priced_usd")) or 0.0)


def _seconds(number: float | None) -> str:
    return "" if number is None else seconds(number)


def _per_call(row: Mapping[str, Any]) -> str:
    """Seconds that a live call took on average."""
    return seconds(row["live_s"] / row["live_calls"]) if row.get("live_calls") and "live_s" in row else ""


def _markup(row: Mapping[str, Any]) -> Mapping[str, bool]:
    if "findings" not in row:
        return {"yellow": True} if row["cost_usd"] is None else {}
    severities = {finding["severity"] for finding in row["findings"]}
    return {"red": True} if "fail" in severities else {"yellow": True} if "warn" in severities else {}
