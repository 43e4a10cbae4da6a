"""What another model did in place of the recorded one: the table that a decision on a migration needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, table
from pytest_llmtrace._report.money import UNKNOWN, percent, usd
from pytest_llmtrace._report.wording import SUBJECTS, joined, plural

HEADER: Final = ("test", "drift", "cost", "golden", "change", "s/call")


def migration_cells(document: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row per test whose models were swapped, and their sum: drift, cost of one run against the golden trace's.

    An unknown cost is ``?``. Seconds are those of the new model's calls; golden traces hold no times.
    """
    rows = [row for row in document["tests"] if row.get("swapped")]
    cells: list[tuple[str, ...]] = [
        (clean_line(row["nodeid"]), _drift(row), *_costs(_per_run(row), row["golden_cost_usd"]), _seconds([row]))
        for row in rows
    ]
    if len(rows) > 1:
        drifted = sum(1 for row in rows if _drift(row) != "none")
        costs = _costs(_sum([_per_run(row) for row in rows]), _sum([row["golden_cost_usd"] for row in rows]))
        cells.append((plural(len(rows), "test"), f"{drifted} of {len(rows)}", *costs, _seconds(rows)))
    return cells


def swaps(document: Mapping[str, Any]) -> str:
    """``gpt-4o -> gpt-5-mini: 12 calls``, for each pair."""
    counts: Counter[str] = Counter()
    for row in document["tests"]:
        counts.update(row.get("swapped", {}).get("models", {}))
    pairs = [(clean_line(" -> ".join(pair.split("=", 1))), number) for pair, number in sorted(counts.items())]
    return "; ".join(f"{pair}: {plural(number, 'call')}" for pair, number in pairs)


def migration_lines(document: Mapping[str, Any], width: int) -> Iterator[Line]:
    """The table, for the terminal."""
    cells = migration_cells(document)
    if not cells:
        return
    yield Line(text=f"models swapped: {swaps(document)}", markup={"bold": True})
    header, *lines = table(HEADER, cells, width)
    yield Line(text=header, markup={"bold": True})
    rows = [row for row in document["tests"] if row.get("swapped")]
    for number, text in enumerate(lines):
        row = rows[number] if number < len(rows) else None
        red = row is not None and any(one["severity"] == "fail" for one in row["findings"])
        yield Line(text=text, markup={"red": True} if red else {})


def _drift(row: Mapping[str, Any]) -> str:
    """``tool call (3 of 5 runs)``; what only warns stands in brackets."""
    drifts = [one for one in row["findings"] if one["type"] == "drift" and one["severity"] in {"fail", "warn"}]
    failing = list(dict.fromkeys(SUBJECTS[one["kind"]] for one in drifts if one["severity"] == "fail"))
    warned = [one for one in dict.fromkeys(SUBJECTS[one["kind"]] for one in drifts) if one not in failing]
    text = joined(failing) + (f"{' ' if failing else ''}({joined(warned)})" if warned else "")
    runs = row.get("runs")
    if runs and runs["failed"]:
        text += f"{' ' if text else ''}in {runs['failed']} of {runs['count']} runs"
    return text or ("failed" if row["outcome"] == "failed" else "none")


def _per_run(row: Mapping[str, Any]) -> float | None:
    cost: float | None = row["cost_usd"]
    return None if cost is None else cost / (row["runs"]["count"] if row.get("runs") else 1)


def _sum(costs: list[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _costs(new: float | None, golden: float | None) -> tuple[str, str, str]:
    """Cost, cost of the golden trace, and the change: ``-40 %``."""
    change = ""
    if new is not None and golden:
        change = f"{'-' if new < golden else '+'}{percent(abs(new / golden - 1))}"
    return (UNKNOWN if new is None else usd(new), UNKNOWN if golden is None else usd(golden), change)


def _seconds(rows: list[Mapping[str, Any]]) -> str:
    calls = sum(row["swapped"]["calls"] for row in rows)
    return f"{sum(row['swapped']['seconds'] for row in rows) / calls:.2f}"
