"""Totals as plain data that adds up again: per owner, per model, per agent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pytest_llmtrace._model.usage import Totals, Usage


def totals_data(amounts: Totals) -> dict[str, Any]:
    """Every field of the totals, the cost included, as plain data."""
    priced = dollars(amounts.priced_usd)
    return {
        "calls": amounts.calls,
        "live_calls": amounts.live_calls,
        "usage": amounts.usage.to_data(),
        "cost_usd": None if amounts.unpriced_calls else priced,
        "priced_usd": priced or 0.0,
        "unpriced_calls": amounts.unpriced_calls,
        "live_cost_usd": (dollars(amounts.live_usd) or 0.0) if amounts.live_calls else 0.0,
        **({"live_s": amounts.live_seconds} if amounts.live_calls else {}),
    }


def totals_from(data: Mapping[str, Any]) -> Totals:
    """The inverse of `totals_data`."""
    return Totals(
        calls=data["calls"],
        usage=Usage.from_data(data["usage"]),
        priced_usd=data["priced_usd"],
        unpriced_calls=data["unpriced_calls"],
        live_calls=data["live_calls"],
        live_usd=data["live_cost_usd"],
        live_seconds=data.get("live_s", 0.0),
    )


def parts(key: str, by_name: Mapping[str, Totals], *, whole: Totals) -> list[dict[str, Any]] | str:
    """A row for each name; where all that was called has one, as nearly always, that name says it."""
    if len(by_name) == 1:
        ((name, amounts),) = by_name.items()
        if amounts.calls == whole.calls:
            return name
    return [{key: name, **totals_data(amounts)} for name, amounts in by_name.items()]


def are_the_same(one: Totals, other: Totals) -> bool:
    """Whether the plain data of both is the same."""
    return (
        (one.calls, one.unpriced_calls, one.usage) == (other.calls, other.unpriced_calls, other.usage)
        and dollars(one.priced_usd) == dollars(other.priced_usd)
        and not (one.live_calls or other.live_calls)
    )


def dollars(amount: float | None) -> float | None:
    """An amount without the noise that adding floats leaves: 12 decimals, far below any price of a token."""
    return None if amount is None or not math.isfinite(amount) else round(amount, 12)
