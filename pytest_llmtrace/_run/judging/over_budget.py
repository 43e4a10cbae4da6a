"""What an owner used beyond its own budgets, and what a budget kept it from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmtrace._compare.budget import breaches, growth_breaches
from pytest_llmtrace._model.findings import Breach
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._model.trajectory import is_unpriced, totals

if TYPE_CHECKING:
    from pytest_llmtrace._run.owner import OwnerRun


def owner_breaches(run: OwnerRun, trace: Trace, *, stopped: bool) -> list[Breach]:
    """Its own budgets and growth, and the budget, its own or another, because of which a live call was refused."""
    plan = run.plan
    observed = totals(trace.calls)
    found = list(breaches(observed, plan.limits, _unpriced(trace.calls))) if plan.limits else []
    if plan.growth is not None and run.old.totals is not None and not stopped and run.compares:
        found += growth_breaches(run.old.totals, observed, plan.growth, plan.owner)
    refusal = run.paying.refusal
    if refusal is not None:
        found = [one for one in found if (one.scope, one.what) != (refusal.scope, refusal.what)]
        found.append(refusal)
    return found


def _unpriced(calls: tuple[LLMCall, ...]) -> tuple[str, ...]:
    """The models of calls whose price is not known, each once, sorted."""
    return tuple(sorted({call.name for call in calls if is_unpriced(call)}))
