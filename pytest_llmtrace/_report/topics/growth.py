"""How much more than its golden trace a test used, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from pytest_llmtrace._report.money import UNKNOWN, count, percent, usd
from pytest_llmtrace._report.wording import plural

_SAME: Final = 0.0005
"""A smaller change would be shown as none."""


def grew(row: Mapping[str, Any]) -> float:
    """The larger change of tokens and cost: 0.1 is 10 %; 0 where nothing is known or nothing changed.

    What grew from nothing has grown without bound.
    """
    growth = row.get("growth")
    if not growth:
        return 0.0
    changes = [_change(growth["tokens"], _tokens(row["golden_usage"]), _tokens(row["usage"]))]
    changes.append(_change(growth["usd"], row["golden_cost_usd"], row["cost_usd"]))
    known = [change for change in changes if abs(change) >= _SAME]
    return max(known, default=0.0)


def growth_cell(row: Mapping[str, Any]) -> str:
    """``+12 %`` for the cost, or ``+12 % tokens`` where that is not known; empty where it is the same."""
    growth = row.get("growth") or {}
    if growth.get("usd") is not None:
        return signed(growth["usd"])
    return f"{signed(growth['tokens'])} tokens" if signed(growth.get("tokens")) else ""


def growth_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Tokens now, in the golden trace (as often as the test ran), and the change; the same for the cost."""
    growth, cost, golden = row["growth"], row["cost_usd"], golden_cost(row)
    return (
        count(_tokens(row["usage"])),
        count(_tokens(row["golden_usage"]) * row_runs(row)),
        signed(growth["tokens"]),
        UNKNOWN if cost is None else usd(cost),
        UNKNOWN if golden is None else usd(golden),
        signed(growth["usd"]),
    )


def golden_cost(row: Mapping[str, Any]) -> float | None:
    """What the golden trace costs as often as the test ran: its costs are those of all runs. `None`: not known."""
    golden: float | None = row["golden_cost_usd"]
    return None if golden is None else golden * row_runs(row)


def row_runs(row: Mapping[str, Any]) -> int:
    """How often the test of a row ran."""
    return int(row["runs"]["count"]) if row.get("runs") else 1


def growth_text(document: Mapping[str, Any]) -> str:
    """The whole run against the golden traces, in one sentence; empty where there are none to compare with."""
    growth = document.get("growth")
    if not growth:
        return ""
    old = "old " if document["mode"] == "record" else ""
    tests = f"the {old}golden trace{'' if growth['tests'] == 1 else 's'} of {plural(growth['tests'], 'test')}"
    golden, observed = growth["golden"], growth["observed"]
    used = [
        ("tokens", growth["tokens"], count(_tokens(golden["usage"])), count(_tokens(observed["usage"]))),
        ("cost", growth["usd"], usd(golden["cost_usd"]), usd(observed["cost_usd"])),
    ]
    changed = [
        f"{name} {before} -> {after}{f' ({signed(ratio)})' if ratio is not None else ''}"
        for name, ratio, before, after in used
        if before != after and (ratio is None or signed(ratio))
    ]
    if changed:
        return f"against {tests}: {', '.join(changed)}"
    return f"tokens and cost as in {tests}" if growth["usd"] is not None else f"tokens as in {tests}"


def signed(ratio: float | None) -> str:
    """``+12 %``, ``-5 %``; empty for no change, and where it is not known."""
    if ratio is None or abs(ratio) < _SAME:
        return ""
    return f"{'+' if ratio > 0 else '-'}{percent(abs(ratio))}"


def _change(ratio: float | None, before: float | None, after: float | None) -> float:
    if ratio is not None:
        return ratio
    return math.inf if before == 0 and after else 0.0


def _tokens(usage: Mapping[str, Any]) -> int:
    return int(usage["input_tokens"] + usage["output_tokens"])
