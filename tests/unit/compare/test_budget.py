"""Budgets and growth."""

from __future__ import annotations

import pytest

from pytest_llmtrace._compare.budget import breaches, growth_breaches
from pytest_llmtrace._model.findings import Breach
from pytest_llmtrace._model.limits import Limit, MaxGrowth
from pytest_llmtrace._model.usage import Totals, Usage

FLAGS = {"usd": "--llm-budget", "tokens": "--llm-budget-tokens", "calls": "--llm-budget-calls"}


def limits(scope: str = "run", **values: float) -> list[Limit]:
    """Limits of one scope."""
    return [Limit(scope=scope, what=what, value=value, source=FLAGS[what]) for what, value in values.items()]  # type: ignore[arg-type]


USED = Totals(calls=3, usage=Usage(input_tokens=900, output_tokens=100), priced_usd=0.3)


def test_what_is_within_its_limits_is_no_breach() -> None:
    """A value equal to its limit is within it, and so is everything without a limit."""
    assert breaches(USED, limits(usd=0.3, tokens=1000, calls=3)) == ()
    assert breaches(USED, limits()) == ()
    assert breaches(Totals(priced_usd=sum([0.1] * 3)), limits(usd=0.3)) == ()


def test_each_limit_that_is_exceeded_is_a_breach() -> None:
    """Dollars, tokens and calls are each told with limit and value."""
    assert breaches(USED, limits("t.py::test", usd=0.2, tokens=999, calls=2)) == (
        Breach(scope="t.py::test", what="usd", limit=0.2, value=0.3, source=FLAGS["usd"]),
        Breach(scope="t.py::test", what="tokens", limit=999, value=1000, source=FLAGS["tokens"]),
        Breach(scope="t.py::test", what="calls", limit=2, value=3, source=FLAGS["calls"]),
    )


def test_nothing_may_be_used_of_a_budget_of_nothing() -> None:
    """A limit of zero is a limit."""
    assert [one.what for one in breaches(USED, limits(usd=0.0, tokens=0, calls=0))] == ["usd", "tokens", "calls"]
    assert breaches(Totals(), limits(usd=0.0, tokens=0, calls=0)) == ()


def test_an_unknown_price_breaches_a_dollar_budget() -> None:
    """What cannot be checked does not pass; the models are named, each once."""
    unknown = USED + Totals(calls=1, unpriced_calls=1)
    assert breaches(unknown, limits(usd=5), ["b", "a", "b"]) == (
        Breach(scope="run", what="usd", limit=5, value=None, models=("a", "b"), source=FLAGS["usd"]),
    )
    assert breaches(unknown, limits(tokens=5000), ["b"]) == ()


def test_a_known_part_may_exceed_the_budget_alone() -> None:
    """Where what is known is too much already, that is the value."""
    unknown = USED + Totals(calls=1, unpriced_calls=1)
    assert breaches(unknown, limits(usd=0.1), ["b"]) == (
        Breach(scope="run", what="usd", limit=0.1, value=0.3, models=("b",), source=FLAGS["usd"]),
    )


def grown(tokens: int, usd: float, unpriced: int = 0) -> Totals:
    """Totals of this size."""
    return Totals(calls=1, usage=Usage(input_tokens=tokens), priced_usd=usd, unpriced_calls=unpriced)


@pytest.mark.parametrize(
    ("golden", "observed", "value", "of"),
    [
        (grown(100, 1.0), grown(110, 1.1), None, None),
        (grown(100, 1.0), grown(50, 0.5), None, None),
        (grown(100, 1.0), grown(150, 1.0), 0.5, "tokens"),
        (grown(100, 1.0), grown(100, 1.25), 0.25, "usd"),
        (grown(100, 1.0), grown(150, 2.0), 1.0, "usd"),
        (grown(100, 1.0, unpriced=1), grown(100, 9.0), None, None),
        (grown(100, 1.0), grown(120, 9.0, unpriced=1), 0.2, "tokens"),
        (grown(0, 0.0), grown(0, 0.0), None, None),
        (grown(0, 0.0), grown(30, 0.0), 30.0, "tokens"),
    ],
)
def test_growth_is_that_of_tokens_or_dollars(
    golden: Totals, observed: Totals, value: float | None, of: str | None
) -> None:
    """The larger growth counts; dollars only where every price is known on both sides."""
    found = growth_breaches(golden, observed, MaxGrowth(usd=0.1, tokens=0.1, source="--llm-max-growth"), "run")
    if value is None:
        assert found == ()
    else:
        assert [(one.scope, one.what, one.limit, one.of, one.source) for one in found] == [
            ("run", "growth", 0.1, of, "--llm-max-growth")
        ]
        assert found[0].value == pytest.approx(value)


def test_tokens_and_dollars_may_have_limits_of_their_own() -> None:
    """Each is held against its own; where both grew too much, the larger growth is told."""
    both = MaxGrowth(usd=0.5, tokens=0.1)
    assert growth_breaches(grown(100, 1.0), grown(105, 1.4), both, "run") == ()
    found = growth_breaches(grown(100, 1.0), grown(120, 1.4), both, "run")
    assert [(one.of, one.limit, one.value) for one in found] == [("tokens", 0.1, 0.2)]
    assert [one.of for one in growth_breaches(grown(100, 1.0), grown(120, 1.6), both, "run")] == ["usd"]
    assert growth_breaches(grown(100, 1.0), grown(100, 9.0), MaxGrowth(tokens=0.1), "run") == ()


def test_rounding_in_files_is_no_growth() -> None:
    """Golden traces hold dollars with twelve digits: what is the same stays within a limit of nothing."""
    cost = 0.0000012345678949
    assert growth_breaches(grown(9, round(cost, 12)), grown(9, cost), MaxGrowth(usd=0.0, tokens=0.0), "run") == ()
