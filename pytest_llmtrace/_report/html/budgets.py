"""The budgets of a run and of its directories as rows of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_llmtrace._model.limits import RUN
from pytest_llmtrace._report.topics.budgets import pricing_lines, unpriced_models
from pytest_llmtrace._report.wording import breach_line, budget_use, scope_name

_WIDTH = 96


def budget_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Breached budgets, then the others: each with its `line`, the `share` of it that was used, and `breached`.

    `share` is null where a fraction of the limit says nothing: for a growth, or a cost that is not known.
    """
    breached = {_key(breach) for breach in document["breaches"]}
    kept = [budget for budget in document.get("budgets", ()) if _key(budget) not in breached]
    return [*_rows(document["breaches"], breached=True), *_rows(kept, breached=False)]


def pricing(document: Mapping[str, Any]) -> str | None:
    """What prices the models because of which a budget cannot be checked, ready to paste."""
    models = unpriced_models(document["breaches"])
    return "\n".join(pricing_lines(models, _WIDTH)) if models else None


def _rows(budgets: Any, *, breached: bool) -> Iterator[dict[str, Any]]:
    for budget in budgets:
        value, limit = budget["value"], budget["limit"]
        place = "" if budget["scope"] == RUN else f"{scope_name(budget['scope'])}: "
        yield {
            "line": place + (breach_line(budget) if breached else budget_use(budget)),
            "share": None if value is None or limit <= 0 or budget["what"] == "growth" else round(value / limit, 4),
            "breached": breached,
        }


def _key(budget: Mapping[str, Any]) -> tuple[Any, ...]:
    return budget["scope"], budget["what"], budget.get("of")
