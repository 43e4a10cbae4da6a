"""The tables of the summary: models, agents, tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, table
from pytest_llmtrace._report.money import UNKNOWN, count, percent, usd
from pytest_llmtrace._report.wording import plural

_SHOWN: Final = 10
"""Models or agents that are listed."""
_DEAREST: Final = 5
_AMOUNTS: Final = ("calls", "in", "cached", "out", "cost")


def model_table(document: Mapping[str, Any], width: int) -> Iterator[Line]:
    """A row per model, the dearest first."""
    return amounts_table("model", document["models"], width)


def agent_table(document: Mapping[str, Any], width: int) -> Iterator[Line]:
    """A row per agent, the dearest first."""
    return amounts_table("agent", document["agents"], width)


def dearest_tests(document: Mapping[str, Any], width: int, *, verbose: bool) -> Iterator[Line]:
    """The dearest tests; with `verbose`, every test and fixture."""
    rows = [*document["tests"], *document.get("fixtures", ())]
    if not verbose:
        rows = [row for row in rows if row["calls"]]
    rows.sort(key=lambda row: (-(_part(row) or 0.0), row["nodeid"]))
    shown = rows if verbose else rows[:_DEAREST]
    if not shown:
        return
    header = ("test" if verbose else "dearest tests", *_AMOUNTS, "golden", "outcome")
    cells = [
        (
            clean_line(row["nodeid"]),
            *_cells(row),
            _against_golden(row),
            clean_line(row["outcome"]) if verbose else "",
        )
        for row in shown
    ]
    yield from _titled(table(header, cells, width), [_markup(row) for row in shown])
    if len(rows) > len(shown):
        yield Line(text=f"and {plural(len(rows) - len(shown), 'more test')} (-v shows all)")


def amounts_table(title: str, rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[Line]:
    """A row per name, in the order given."""
    if not rows:
        return
    shown = rows[:_SHOWN]
    cells = [(clean_line(row[title]), *_cells(row)) for row in shown]
    markups = [{"yellow": True} if row["cost_usd"] is None else {} for row in shown]
    yield from _titled(table((title, *_AMOUNTS), cells, width), markups)
    if len(rows) > len(shown):
        yield Line(text=f"and {plural(len(rows) - len(shown), f'more {title}')}")


def _titled(lines: Sequence[str], markups: Sequence[Mapping[str, bool]]) -> Iterator[Line]:
    yield Line(text=lines[0], markup={"bold": True})
    for text, markup in zip(lines[1:], markups, strict=True):
        yield Line(text=text, markup=markup)


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


def _part(row: Mapping[str, Any]) -> float | None:
    """The cost as far as it is known."""
    cost: float | None = row["cost_usd"] if row["cost_usd"] is not None else row.get("priced_usd")
    return cost


def _against_golden(row: Mapping[str, Any]) -> str:
    """How the cost differs from the golden trace's, where it does: ``+12 %``."""
    before, after = row["golden_cost_usd"], row["cost_usd"]
    if before and row.get("runs"):
        before *= row["runs"]["count"]
    if not before or after is None or abs(after / before - 1) < 0.0005:
        return ""
    return f"{'+' if after > before else '-'}{percent(abs(after / before - 1))}"


def _markup(row: Mapping[str, Any]) -> Mapping[str, bool]:
    severities = {finding["severity"] for finding in row["findings"]}
    return {"red": True} if "fail" in severities else {"yellow": True} if "warn" in severities else {}
