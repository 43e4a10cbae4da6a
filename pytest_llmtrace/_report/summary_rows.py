"""The tables of the summary: models, agents, tests, and what record mode did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, cut_end, cut_middle, plain_lines, table
from pytest_llmtrace._report.money import UNKNOWN, count, percent, usd, usd_or_part
from pytest_llmtrace._report.wording import drift_line, plural

_SHOWN: Final = 10
"""Models or agents that are listed."""
_DEAREST: Final = 5
_RECORDED: Final = 20
_ACCEPTED: Final = 3
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


def recorded_rows(document: Mapping[str, Any], width: int, *, verbose: bool) -> Iterator[Line]:
    """Of record mode, per test: what was kept, paid and written, and the drift that was accepted."""
    rows = [row for row in (*document["tests"], *document.get("fixtures", ())) if row.get("recorded")]
    changed = rows if verbose else [row for row in rows if _changed(row)]
    if not rows:
        return
    yield Line(text="recorded", markup={"bold": True})
    for row in changed[:_RECORDED] if not verbose else changed:
        yield Line(text=f"  {cut_middle(clean_line(row['nodeid']), width - 2)}")
        lost = row["recorded"].get("live") and not row["recorded"].get("written")
        yield Line(text=f"    {_work(row)}", markup={"yellow": True} if lost else {})
        accepted = _accepted(row)
        yield from plain_lines(
            cut_end(f"    accepted: {drift_line(drift)}", width) for drift in accepted[: None if verbose else _ACCEPTED]
        )
        if len(accepted) > _ACCEPTED and not verbose:
            yield Line(text=f"    accepted: {plural(len(accepted) - _ACCEPTED, 'more difference')}")
    if len(changed) > _RECORDED and not verbose:
        yield Line(text=f"  and {plural(len(changed) - _RECORDED, 'more test')} (-v shows all)")
    if len(rows) > len(changed):
        yield Line(text=f"  {plural(len(rows) - len(changed), 'test')} unchanged")


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
    if not before or after is None or abs(after / before - 1) < 0.0005:
        return ""
    return f"{'+' if after > before else '-'}{percent(abs(after / before - 1))}"


def _markup(row: Mapping[str, Any]) -> Mapping[str, bool]:
    severities = {finding["severity"] for finding in row["findings"]}
    return {"red": True} if "fail" in severities else {"yellow": True} if "warn" in severities else {}


def _accepted(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in row["findings"] if one["type"] == "drift" and one["severity"] == "ignore"]


def _changed(row: Mapping[str, Any]) -> bool:
    work = row["recorded"]
    done = work.get("live") or work.get("from_journal") or work.get("written")
    return bool(done or _accepted(row) or _failed(row))


def _failed(row: Mapping[str, Any]) -> bool:
    return row.get("outcome") in {"failed", "error"}


def _work(row: Mapping[str, Any]) -> str:
    """``2 live calls ($0.0012), 3 kept, written``."""
    work = row["recorded"]
    parts = []
    if work.get("live"):
        paid = usd_or_part(work.get("live_cost_usd"), work.get("live_priced_usd", 0.0))
        parts.append(f"{plural(work['live'], 'live request')} ({paid})")
    if work.get("from_journal"):
        parts.append(f"{count(work['from_journal'])} from the journal, paid before")
    if work.get("kept"):
        parts.append(f"{count(work['kept'])} kept")
    if work.get("written"):
        parts.append("written")
    elif _failed(row):
        paid_for = work.get("live") or work.get("from_journal")
        parts.append("not written: the test failed" + (" (the answers wait in its journal)" if paid_for else ""))
    else:
        parts.append("unchanged")
    return ", ".join(parts)
