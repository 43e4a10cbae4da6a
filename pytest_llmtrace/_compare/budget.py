"""Budgets: what a test or a run may cost, and how much more than its golden trace."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pytest_llmtrace._model.findings import Breach
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace.errors import SettingsError

_ROUNDING: Final = 1e-9
"""Relative error that a sum of floating-point prices may have: a value this close to its limit is within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be used at most; `None`: as much as it takes."""

    usd: float | None = None
    """US dollars."""
    tokens: int | None = None
    """Input and output together."""
    calls: int | None = None


def breaches(
    totals: Totals, budget: Budget, scope: str, models_without_price: Iterable[str] = ()
) -> tuple[Breach, ...]:
    """The limits that were exceeded; a value equal to its limit is within it.

    An unknown price under a dollar budget is a breach with value `None`, unless what is known exceeds it already.

    Args:
        totals: What was used.
        budget: What may be used.
        scope: ``run``, or the node id of the test.
        models_without_price: Named where a price is unknown.
    """
    found = []
    if budget.usd is not None and (breach := _usd_breach(totals, budget.usd, scope, models_without_price)) is not None:
        found.append(breach)
    tokens = totals.usage.total_tokens
    if budget.tokens is not None and tokens > budget.tokens:
        found.append(Breach(scope=scope, what="tokens", limit=budget.tokens, value=tokens))
    if budget.calls is not None and totals.calls > budget.calls:
        found.append(Breach(scope=scope, what="calls", limit=budget.calls, value=totals.calls))
    return tuple(found)


def growth_breaches(golden: Totals, observed: Totals, limit: float, scope: str) -> tuple[Breach, ...]:
    """The growth of cost and of tokens against the golden trace where it is larger than accepted.

    The growth of cost is known only where every price is; tokens hold in any case. Both together are one breach: of
    the larger growth. Growth from nothing is counted from one token, or from a millionth of a dollar.

    Args:
        golden: What the golden trace used.
        observed: What this run used.
        limit: Accepted growth as a fraction: 0.1 is 10 %.
        scope: ``run``, or the node id of the test.
    """
    growths = [_growth(golden.usage.total_tokens, observed.usage.total_tokens, 1)]
    if golden.cost_usd is not None and observed.cost_usd is not None:
        growths.append(_growth(golden.cost_usd, observed.cost_usd, 1e-6))
    largest = max(growths)
    if largest <= limit + _ROUNDING:
        return ()
    return (Breach(scope=scope, what="growth", limit=limit, value=largest),)


def parse_growth(text: str) -> float:
    """``10%`` as 0.1. Raises: SettingsError with the value and the way out."""
    stripped = text.strip()
    value = _number(stripped.removesuffix("%"))
    if value is None or not stripped.endswith("%"):
        raise SettingsError(f"{text!r} is not a percentage; write for example 10%")
    return value / 100


def parse_usd(text: str) -> float:
    """``0.50`` or ``$0.50`` as 0.5. Raises: SettingsError with the value and the way out."""
    value = _number(text.strip().removeprefix("$"))
    if value is None:
        raise SettingsError(f"{text!r} is not an amount of US dollars; write for example 0.50")
    return value


def _usd_breach(totals: Totals, limit: float, scope: str, models: Iterable[str]) -> Breach | None:
    names = tuple(sorted(set(models))) if totals.unpriced_calls else ()
    if totals.priced_usd > limit * (1 + _ROUNDING):
        return Breach(scope=scope, what="usd", limit=limit, value=totals.priced_usd, models=names)
    if totals.unpriced_calls:
        return Breach(scope=scope, what="usd", limit=limit, value=None, models=names)
    return None


def _growth(before: float, after: float, unit: float) -> float:
    """Relative to one unit at least, so that growth from nothing is large and not infinite."""
    return (after - before) / max(before, unit)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < math.inf else None
