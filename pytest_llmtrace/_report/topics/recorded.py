"""What record mode did, test by test: kept, paid, written, and what behaves otherwise than before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, cut_end, cut_middle, plain_lines, wrapped
from pytest_llmtrace._report.money import count, percent, usd, usd_or_part
from pytest_llmtrace._report.wording import drift_line, joined, plural, turns

_SHOWN: Final = 20
_ACCEPTED: Final = 3
_TOOLS: Final = 8
"""Tool names that are listed on each side."""
_SAME_COST: Final = 0.0005


def recorded_rows(document: Mapping[str, Any], width: int, *, verbose: bool) -> Iterator[Line]:
    """Of record mode, per test: what was kept, paid and written, what changed, and the drift that was accepted."""
    rows = recorded_tests(document)
    changed = rows if verbose else [row for row in rows if did_something(row)]
    if not rows:
        return
    yield Line(text="recorded", markup={"bold": True})
    for row in changed[:_SHOWN] if not verbose else changed:
        yield Line(text=f"  {cut_middle(clean_line(row['nodeid']), width - 2)}")
        lost = _unfinished(row) or (row["recorded"].get("live") and not row["recorded"].get("written"))
        yield Line(text=f"    {work(row)}", markup={"yellow": True} if lost else {})
        yield from plain_lines(cut_end(f"    {line}", width) for line in behaviour(row))
        accepted = _accepted(row)
        for drift in accepted[: None if verbose else _ACCEPTED]:
            first, *rest = wrapped(f"accepted: {drift_line(drift)}", width - 6)
            yield from plain_lines([f"    {first}", *(f"      {line}" for line in rest)])
        if len(accepted) > _ACCEPTED and not verbose:
            yield Line(text=f"    accepted: {plural(len(accepted) - _ACCEPTED, 'more difference')}")
    if len(changed) > _SHOWN and not verbose:
        yield Line(text=f"  and {plural(len(changed) - _SHOWN, 'more test')} (--llm-summary=all)")
    if len(rows) > len(changed):
        yield Line(text=f"  {plural(len(rows) - len(changed), 'test')} unchanged")


def recorded_tests(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of tests and fixtures that were recorded."""
    return [row for row in (*document["tests"], *document.get("fixtures", ())) if row.get("recorded")]


def did_something(row: Mapping[str, Any]) -> bool:
    """Whether there is anything to say of a row but that it is unchanged."""
    data = row["recorded"]
    done = data.get("live") or data.get("from_journal") or data.get("written")
    return bool(done or _accepted(row) or _unfinished(row))


def work(row: Mapping[str, Any]) -> str:
    """``2 live requests ($0.0012), 3 kept, written``, and ``new`` before it where there was no golden trace."""
    data = row["recorded"]
    parts = ["new"] if data.get("new") else []
    if data.get("live"):
        paid = usd_or_part(data.get("live_cost_usd"), data.get("live_priced_usd", 0.0))
        parts.append(f"{plural(data['live'], 'live request')} ({paid})")
    if data.get("from_journal"):
        parts.append(f"{count(data['from_journal'])} from the journal, paid before")
    if data.get("kept"):
        parts.append(f"{count(data['kept'])} kept")
    if data.get("removed"):
        parts.append("calls no LLM any more: its files are removed")
    elif data.get("written"):
        parts.append(f"written to {clean_line(row['golden'])}" if row.get("golden") else "written")
    elif unfinished := _unfinished(row):
        waits = "; what was paid for waits in its journal" if data.get("waiting") else ""
        if waits and data.get("from_journal"):
            waits += " (for other answers: --llm-record-mode=all)"
        parts.append(f"not written: {unfinished}{waits}")
    else:
        parts.append("unchanged")
    return ", ".join(parts)


def behaviour(row: Mapping[str, Any]) -> Iterator[str]:
    """What the new recording does otherwise than the old golden trace: tools, outputs, cost; a line each."""
    data = row["recorded"]
    if tools := data.get("tools"):
        yield f"tools: {_names(tools['golden'])} -> {_names(tools['observed'])}"
    if outputs := data.get("outputs"):
        by_label: dict[str, list[int]] = {}
        for one in outputs:
            by_label.setdefault(clean_line(one["conversation"]), []).append(one["turn"])
        places = [turns(of) if label == "main" else f"{label} {turns(of)}" for label, of in by_label.items()]
        yield f"output of {joined(places)} changed"
    before, now = row["golden_cost_usd"], row["cost_usd"]
    if before is None or now is None or not data.get("written") or data.get("removed"):
        return  # what was not accepted has no cost to go by
    if abs(now - before) > _SAME_COST * before:
        by = f" ({'+' if now > before else '-'}{percent(abs(now / before - 1))})" if before else ""
        yield f"cost {usd(before)} -> {usd(now)}{by}"


def _names(names: list[str]) -> str:
    shown = ", ".join(clean_line(name) for name in names[:_TOOLS])
    return (shown + (f" and {len(names) - _TOOLS} more" if len(names) > _TOOLS else "")) or "none"


def _accepted(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The drift that was accepted, without changed answers where those have a line of their own."""
    told = row["recorded"].get("outputs")
    return [
        one
        for one in row["findings"]
        if one["type"] == "drift" and one["severity"] == "ignore" and not (told and one["kind"] == "output")
    ]


def _unfinished(row: Mapping[str, Any]) -> str:
    """Why nothing was accepted of what it did; empty where it was."""
    return {
        "failed": "the test failed",
        "error": "the test failed",
        "unknown": "the run was cut short",
    }.get(str(row.get("outcome")), "")
