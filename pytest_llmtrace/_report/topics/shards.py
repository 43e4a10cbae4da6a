"""The reports that a merged document was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, plain_lines, table, wrapped
from pytest_llmtrace._report.money import count, usd_or_part
from pytest_llmtrace._report.wording import breach_line, scope_name


def shard_lines(document: Mapping[str, Any], width: int) -> Iterator[Line]:
    """A row per report, failed ones in red, with the budgets that its own run exceeded."""
    shards = document.get("shards", ())
    if not shards:
        return
    cells = [
        (
            clean_line(one["file"]),
            count(one["tests"]),
            count(one["calls"]),
            usd_or_part(one["cost_usd"], one.get("priced_usd", 0.0)),
            clean_line(one["mode"]),
            clean_line(one["exit"]),
        )
        for one in shards
    ]
    header, *rows = table(("report", "tests", "calls", "cost", "mode", "exit"), cells, width)
    yield Line(text=header, markup={"bold": True})
    for text, one in zip(rows, shards, strict=True):
        yield Line(text=text, markup={} if one["exit"] == "ok" else {"red": True})
        for breach in one["breaches"]:
            place = "" if breach["scope"] == "run" else f"{scope_name(breach['scope'])}: "
            yield from plain_lines(
                (f"  {line}" for line in wrapped(f"{place}{breach_line(breach)}", width - 2)), red=True
            )
