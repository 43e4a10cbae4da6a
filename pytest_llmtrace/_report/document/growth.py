"""What tests used against what their golden traces used."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.amounts import dollars

if TYPE_CHECKING:
    from pytest_llmtrace._report.document.attempts import Owner


def growth(owner: Owner) -> dict[str, float | None] | None:
    """Growth of `tokens` and `usd` as fractions: 0.1 is 10 %; `None` for what cannot be known, or grew from nothing.

    Nothing at all for an owner without a golden trace, and for one that was stopped: it might have used more.
    """
    golden = golden_amounts(owner)
    return None if golden is None or owner.stopped else _ratios(golden, owner.amounts)


def growth_of_all(tests: int, golden: Totals, observed: Totals) -> dict[str, Any] | None:
    """The same for all owners that can be compared, of so many and their sums; `None` where there are none."""
    if not tests:
        return None
    return {
        "tests": tests,
        **_ratios(golden, observed),
        **{name: _used(amounts) for name, amounts in (("golden", golden), ("observed", observed))},
    }


def golden_amounts(owner: Owner) -> Totals | None:
    """What the golden trace used: as often as the owner ran, where it was repeated."""
    golden = owner.golden_amounts
    runs = owner.runs
    return golden if golden is None or not runs else reduce(add, [golden] * runs["count"])


def _ratios(golden: Totals, observed: Totals) -> dict[str, float | None]:
    return {
        "tokens": ratio(golden.usage.total_tokens, observed.usage.total_tokens),
        "usd": ratio(golden.cost_usd, observed.cost_usd),
    }


def ratio(before: float | None, after: float | None) -> float | None:
    """By which fraction something grew; `None` where that cannot be known, or it grew from nothing."""
    if before is None or after is None or (before == 0 and after != 0):
        return None
    return round(after / before - 1, 6) + 0.0 if before else 0.0


def _used(amounts: Totals) -> dict[str, Any]:
    return {"calls": amounts.calls, "usage": amounts.usage.to_data(), "cost_usd": dollars(amounts.cost_usd)}
