"""Totals as plain data that adds up again: per owner, per model, per agent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._report.plain import plain

NO_AGENT: Final = "(no agent)"
"""What the calls without an agent count under, where others have one."""


def totals_data(amounts: Totals) -> dict[str, Any]:
    """Every field of the totals, the cost included, as plain data."""
    return {
        "calls": amounts.calls,
        "live_calls": amounts.live_calls,
        "usage": amounts.usage.to_data(),
        "cost_usd": dollars(amounts.cost_usd),
        "priced_usd": dollars(amounts.priced_usd) or 0.0,
        "unpriced_calls": amounts.unpriced_calls,
        "live_cost_usd": dollars(amounts.live_usd) or 0.0,
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


def rows(calls: Iterable[LLMCall], key: str, name: Callable[[LLMCall], str | None]) -> list[dict[str, Any]]:
    """The totals of the calls that have a name under this key, sorted by name."""
    return [{key: label, **totals_data(totals(group))} for label, group in sorted(_groups(calls, name).items())]


def parts(
    calls: Iterable[LLMCall], key: str, name: Callable[[LLMCall], str | None], *, whole: Totals
) -> list[dict[str, Any]] | str:
    """The same beside the totals of all calls: where these have one name, as nearly always, there is no more to say."""
    groups = _groups(calls, name)
    if len(groups) == 1:
        ((label, group),) = groups.items()
        if len(group) == whole.calls:
            return label
    return [{key: label, **totals_data(totals(group))} for label, group in sorted(groups.items())]


def _groups(calls: Iterable[LLMCall], name: Callable[[LLMCall], str | None]) -> dict[str, list[LLMCall]]:
    groups: dict[str, list[LLMCall]] = {}
    for call in calls:
        label = name(call)
        if label and call.status != "missed":
            groups.setdefault(plain(label), []).append(call)
    return groups


def dollars(amount: float | None) -> float | None:
    """An amount without the noise that adding floats leaves: 12 decimals, far below any price of a token."""
    return None if amount is None or not math.isfinite(amount) else round(amount, 12)
