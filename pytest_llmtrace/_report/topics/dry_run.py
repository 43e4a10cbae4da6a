"""What a recording would do, from a dry run: which tests it would record, with how many calls, for how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._report.amounts import dollars
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, plain_lines, table, wrapped
from pytest_llmtrace._report.money import UNKNOWN, count, usd, usd_or_part
from pytest_llmtrace._report.wording import plural

_SHOWN: Final = 50
WHY: Final = {
    "new": "new",
    "changed": "changed",
    "all": "everything anew",
    "failed": "fails by itself: not recorded",
    "not_reached": "not reached",
    "other_tape": "not run: another plugin keeps its tape",
}
"""Why a test is in the table; one that is `unchanged` is only counted."""


def stopped_text(would: Mapping[str, Any]) -> str:
    """Why pytest skips a test of a dry run: ``llmtrace dry run: 2 live calls``."""
    return f"llmtrace dry run: {_calls_text(would)}"


def dry_run_sums(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all tests of a dry run would take, for the document."""
    found = [row["would_record"] for row in rows]
    known = [one["cost_usd"] for one in found if one["cost_usd"] is not None]
    whole = len(known) == len(found)
    return {
        "tests": sum(1 for one in found if one["why"] in ("new", "changed", "all")),
        "calls": sum(one["calls"] for one in found),
        "at_least": any(one["at_least"] for one in found),
        "cost_usd": dollars(sum(known)) if whole else None,
        **({} if whole else {"priced_usd": dollars(sum(known))}),
    }


def dry_run_rows(document: Mapping[str, Any], width: int, *, verbose: bool) -> Iterator[Line]:
    """A row per test that would be recorded, and the sum."""
    if "dry_run" not in document:
        return
    rows = dry_run_tests(document)
    shown = rows if verbose else rows[:_SHOWN]
    if shown:
        cells = [(clean_line(row["nodeid"]), *dry_run_cells(row["would_record"])) for row in shown]
        lines = table(("would record", "live calls", "about", ""), cells, width)
        yield Line(text=lines[0], markup={"bold": True})
        yield from plain_lines(line.rstrip() for line in lines[1:])
    if len(rows) > len(shown):
        yield Line(text=f"and {plural(len(rows) - len(shown), 'more test')} (--llm-summary=all)")
    yield from plain_lines(wrapped(dry_run_sum(document), width))


def dry_run_tests(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of which there is more to say than that nothing changed."""
    found = [row for row in (*document["tests"], *document.get("fixtures", ())) if row.get("would_record")]
    return [row for row in found if row["would_record"]["why"] != "unchanged"]


def dry_run_cells(would: Mapping[str, Any]) -> tuple[str, str, str]:
    """Live calls, dollars, and why: ``2``, ``$0.0012``, ``changed``; ``1 or more``, ``?``, ``new``."""
    calls = f"{count(would['calls'])} or more" if would["at_least"] else count(would["calls"])
    cost = UNKNOWN if would["cost_usd"] is None else usd(would["cost_usd"])
    return calls, cost, WHY.get(would["why"], clean_line(would["why"]))


def dry_run_sum(document: Mapping[str, Any]) -> str:
    """The whole in one sentence."""
    sums = document["dry_run"]
    cost = usd_or_part(sums["cost_usd"], sums.get("priced_usd", 0.0))
    tests = plural(sums["tests"], "test")
    return f"dry run: {tests} would be recorded with {_calls_text(sums)}, about {cost}; nothing was called or written"


def _calls_text(would: Mapping[str, Any]) -> str:
    return f"{'at least ' if would['at_least'] else ''}{plural(would['calls'], 'live call')}"
