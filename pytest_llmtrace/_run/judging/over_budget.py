"""What an owner used beyond its own budgets, and what a budget kept it from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pytest_llmtrace._model.usage import Totals

if TYPE_CHECKING:
    from pytest_llmtrace._model.findings import Breach
    from pytest_llmtrace._run.owner import OwnerRun


def owner_breaches(
    run: OwnerRun, observed: Totals, *, models_without_price: Iterable[str], stopped: bool
) -> list[Breach]:
    """Its own budgets and growth, and the budget, its own or another, because of which a live call was refused."""
    plan, refusal = run.plan, run.paying.refusal
    if not plan.limits and plan.growth is None and refusal is None:
        return []
    from pytest_llmtrace._compare.budget import breaches, growth_breaches  # noqa: PLC0415  # most have no budget

    found = list(breaches(observed, plan.limits, models_without_price)) if plan.limits else []
    if plan.growth is not None and run.old.totals is not None and not stopped and run.compares:
        found += growth_breaches(run.old.totals, observed, plan.growth, plan.owner)
    if refusal is not None:
        found = [one for one in found if (one.scope, one.what) != (refusal.scope, refusal.what)]
        found.append(refusal)
    return found
