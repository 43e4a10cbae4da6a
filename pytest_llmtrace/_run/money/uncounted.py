"""What workers of xdist paid for and could not report, because they crashed: the ledger knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_llmtrace._run.money.ledger import Ledger


def uncounted(ledger: Ledger | None, totals: Mapping[str, Any], crashed: Sequence[str]) -> dict[str, Any] | None:
    """Live calls that are in no total: `tests` that were running, `live_calls`, and `live_cost_usd` as far as known.

    Args:
        ledger: Where all workers entered each live call at once.
        totals: Of the report.
        crashed: Node ids of the tests in which a worker crashed. Without any, all is in the totals.
    """
    if ledger is None or not crashed:
        return None
    spent = ledger.sums().of(None)
    calls = spent.calls - int(totals["live_calls"])
    if calls <= 0:
        return None
    counted = totals.get("live_cost_usd")
    if counted is None:
        counted = totals.get("live_priced_usd", 0.0)
    usd = max(0.0, round(spent.usd - float(counted), 12))
    return {"tests": sorted(crashed), "live_calls": calls, "live_cost_usd": usd}
