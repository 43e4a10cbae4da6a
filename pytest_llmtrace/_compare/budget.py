"""Budgets: what a test, a directory or a run may cost, and how much more than its golden trace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from pytest_llmtrace._model.findings import Breach
from pytest_llmtrace._model.limits import Limit, MaxGrowth
from pytest_llmtrace._model.usage import Totals

_ROUNDING: Final = 1e-9
"""Relative error that a sum of floating-point prices may have: a value this close to its limit is within it."""
_UNITS: Final = {"usd": 1e-6, "tokens": 1.0}
"""What growth is measured against where there was less before: a millionth of a dollar, one token."""


def breaches(totals: Totals, limits: Iterable[Limit], models_without_price: Iterable[str] = ()) -> tuple[Breach, ...]:
    """The limits that were exceeded; a value equal to its limit is within it.

    An unknown price under a dollar budget is a breach with value `None`, unless what is known exceeds it already.

    Args:
        totals: What was used.
        limits: What may be used, all of one scope.
        models_without_price: Named where a price is unknown.
    """
    names = tuple(sorted(set(models_without_price))) if totals.unpriced_calls else ()
    found = []
    for limit in limits:
        value = used(totals, limit.what)
        models: tuple[str, ...] = ()
        if limit.what == "usd" and totals.unpriced_calls:
            models = names
            value = totals.priced_usd if _exceeds(totals.priced_usd, limit.value) else None
        if value is None or _exceeds(value, limit.value):
            found.append(
                Breach(
                    scope=limit.scope,
                    what=limit.what,
                    limit=limit.value,
                    value=value,
                    models=models,
                    source=limit.source,
                )
            )
    return tuple(found)


def used(totals: Totals, what: str) -> float | None:
    """What was used of a budget; `None` where a price is unknown."""
    if what == "usd":
        return totals.cost_usd
    return totals.usage.total_tokens if what == "tokens" else totals.calls


def growth_breaches(golden: Totals, observed: Totals, limit: MaxGrowth, scope: str) -> tuple[Breach, ...]:
    """The growth of cost or of tokens against the golden trace where it is larger than accepted.

    The growth of cost is known only where every price is; tokens hold in any case. Both together are one breach: of
    the larger growth. Growth from nothing is counted from one token, or from a millionth of a dollar.

    Args:
        golden: What the golden trace used.
        observed: What this run used.
        limit: The accepted growth.
        scope: ``run``, or the node id of the test.
    """
    found = [
        Breach(scope=scope, what="growth", limit=accepted, value=value, of=of, source=limit.source)
        for of, accepted, value in growths(golden, observed, limit)
        if accepted is not None and value is not None and value > accepted + _slack(of)
    ]
    return (max(found, key=lambda one: one.value or 0.0),) if found else ()


def growths(
    golden: Totals, observed: Totals, limit: MaxGrowth
) -> tuple[tuple[Literal["usd", "tokens"], float | None, float | None], ...]:
    """What may have grown, the limit, and by how much it did; `None` where a price is unknown."""
    tokens = _growth("tokens", golden.usage.total_tokens, observed.usage.total_tokens)
    usd = None
    if golden.cost_usd is not None and observed.cost_usd is not None:
        usd = _growth("usd", golden.cost_usd, observed.cost_usd)
    return (("tokens", limit.tokens, tokens), ("usd", limit.usd, usd))


def _exceeds(value: float, limit: float) -> bool:
    return value > limit * (1 + _ROUNDING)


def _slack(of: str) -> float:
    """What rounding may make of equal amounts: files hold dollars with twelve digits."""
    return 1e-6 if of == "usd" else _ROUNDING


def _growth(of: str, before: float, after: float) -> float:
    """Relative to one unit at least, so that growth from nothing is large and not infinite."""
    return (after - before) / max(before, _UNITS[of])
