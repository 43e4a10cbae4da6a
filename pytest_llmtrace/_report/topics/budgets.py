"""Budgets: what was used of each, who set a limit that was exceeded, and what would price a model that has no price."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._model.limits import RUN
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, plain_lines, wrapped
from pytest_llmtrace._report.money import percent
from pytest_llmtrace._report.wording import breach_line, budget_use, joined, scope_name

_SMALLEST_SHARE: Final = 0.001


def budget_lines(document: Mapping[str, Any], width: int) -> Iterator[Line]:
    """Each budget of a run and of directories with what was used of it, breached ones in red.

    Where a price is missing, the lines of pyproject.toml that enter it follow, once per model.
    """
    for use in kept_budgets(document):
        yield from plain_lines(wrapped(f"budget: {use}", width), green=True)
    for breach in {_key(breach): breach for breach in document["breaches"]}.values():
        yield from plain_lines(wrapped(breach_text(breach), width), red=True, bold=True)
    models = unpriced_models(document["breaches"])
    if models:
        yield from plain_lines(pricing_lines(models, width))


def kept_budgets(document: Mapping[str, Any]) -> Iterator[str]:
    """What was used of each budget that was not breached: ``tests/slow: cost $0.0124 of $0.05 allowed (25 %)``."""
    breached = {_key(breach) for breach in document["breaches"]}
    for budget in document.get("budgets", ()):
        if _key(budget) not in breached:
            value, limit = budget["value"], budget["limit"]
            share = _share(value / limit) if value and limit > 0 and budget["what"] != "growth" else ""
            yield f"{_place(budget)}{budget_use(budget)}{share}"


def breached_text(breaches: Sequence[Mapping[str, Any]]) -> str:
    """``the budget of the run is breached``, ``2 budgets are breached``; where no price is known, that."""
    if len(breaches) > 1:
        return f"{len(breaches)} budgets are breached"
    (breach,) = breaches
    what = "cannot be checked" if breach["value"] is None else "is breached"
    return f"the budget of {scope_name(breach['scope'])} {what}"


def breach_text(breach: Mapping[str, Any]) -> str:
    """``budget BREACHED: cost $0.0124 of $0.01 allowed``, with the directory or test whose budget it is."""
    return f"budget BREACHED: {_place(breach)}{breach_line(breach)}"


def unpriced_models(breaches: Sequence[Mapping[str, Any]]) -> list[str]:
    """The models without a price because of which budgets cannot be checked, each once."""
    return sorted({model for breach in breaches if breach["value"] is None for model in breach.get("models", ())})


def pricing_lines(models: Sequence[str], width: int) -> Iterator[str]:
    """What to add to pyproject.toml for models without a price, ready to paste."""
    text = (
        f"No price is known for {joined([f'`{clean_line(model)}`' for model in models])}, so the budget cannot be "
        f"checked. To price {'it' if len(models) == 1 else 'them'}, add to pyproject.toml, in dollars per token:"
    )
    yield from wrapped(text, width)
    yield ""
    yield from (f"  {line}".rstrip() for line in pricing_tables(models))


def pricing_tables(models: Sequence[str]) -> Iterator[str]:
    """The tables of pyproject.toml that price these models."""
    for number, model in enumerate(models):
        yield from [""] if number else []
        yield f"[tool.llmtrace.prices.{json.dumps(clean_line(model), ensure_ascii=False)}]"
        yield "input_cost_per_token = 1e-6   # what your provider charges"
        yield "output_cost_per_token = 2e-6"


def _share(ratio: float) -> str:
    return f" ({percent(ratio)})" if ratio >= _SMALLEST_SHARE else " (less than 0.1 %)"


def _key(budget: Mapping[str, Any]) -> tuple[Any, ...]:
    return budget["scope"], budget["what"], budget.get("of")


def _place(budget: Mapping[str, Any]) -> str:
    return "" if budget["scope"] == RUN else f"{scope_name(budget['scope'])}: "
