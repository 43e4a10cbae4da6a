"""The budgets of a run and of directories, and growth in total: held against what all owners together used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import add
from typing import Any

from pytest_llmtrace._compare.budget import breaches, growth_breaches, growths, used
from pytest_llmtrace._model.findings import Breach
from pytest_llmtrace._model.limits import RUN, Limit, MaxGrowth, lies_in
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.document.counted import Counted


def run_breaches(found: Sequence[Counted], limits: Iterable[Limit], growth: MaxGrowth | None) -> list[Breach]:
    """The limits that all owners of their scope exceed together."""
    made = [
        breach
        for limit in limits
        for within in [_within(found, limit.scope)]
        for breach in breaches(_sum(within), [limit], {model for one in within for model in one.unpriced_models})
    ]
    if growth is not None:
        made += growth_breaches(*comparable(found), growth, RUN)
    return made


def budget_uses(
    found: Sequence[Counted], limits: Iterable[Limit], growth: MaxGrowth | None
) -> Iterator[dict[str, Any]]:
    """Each limit with what was used of it, breached or not, as the document lists them."""
    for limit in limits:
        value = used(_sum(_within(found, limit.scope)), limit.what)
        yield {
            "scope": limit.scope,
            "what": limit.what,
            "limit": limit.value,
            "value": round(value, 12) if value is not None else None,
            "source": limit.source,
        }
    if growth is None:
        return
    for of, accepted, value in growths(*comparable(found), growth):
        if accepted is not None:
            yield {"scope": RUN, "what": "growth", "of": of, "limit": accepted, "value": value, "source": growth.source}


def comparable(found: Iterable[Counted]) -> tuple[Totals, Totals]:
    """Golden and observed totals of the owners that have a golden trace and were compared with it."""
    golden = observed = Totals()
    for one in found:
        if one.golden is not None:
            golden += reduce(add, [one.golden] * one.runs)
            observed += one.amounts
    return golden, observed


def _within(found: Iterable[Counted], scope: str) -> list[Counted]:
    return [one for one in found if scope == RUN or lies_in(one.directory, scope)]


def _sum(found: Iterable[Counted]) -> Totals:
    return reduce(add, (one.amounts for one in found), Totals())
