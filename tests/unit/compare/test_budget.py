"""Budgets and growth."""

from __future__ import annotations

import re

import pytest

from pytest_llmtrace._compare.budget import Budget, breaches, growth_breaches, parse_growth, parse_usd
from pytest_llmtrace._model.findings import Breach
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace.errors import SettingsError

USED = Totals(calls=3, usage=Usage(input_tokens=900, output_tokens=100), priced_usd=0.3)


def test_what_is_within_its_limits_is_no_breach() -> None:
    """A value equal to its limit is within it, and so is everything without a limit."""
    assert breaches(USED, Budget(usd=0.3, tokens=1000, calls=3), "run") == ()
    assert breaches(USED, Budget(), "run") == ()
    assert breaches(Totals(priced_usd=sum([0.1] * 3)), Budget(usd=0.3), "run") == ()


def test_each_limit_that_is_exceeded_is_a_breach() -> None:
    """Dollars, tokens and calls are each told with limit and value."""
    assert breaches(USED, Budget(usd=0.2, tokens=999, calls=2), "t.py::test") == (
        Breach(scope="t.py::test", what="usd", limit=0.2, value=0.3),
        Breach(scope="t.py::test", what="tokens", limit=999, value=1000),
        Breach(scope="t.py::test", what="calls", limit=2, value=3),
    )


def test_nothing_may_be_used_of_a_budget_of_nothing() -> None:
    """A limit of zero is a limit."""
    assert [one.what for one in breaches(USED, Budget(usd=0.0, tokens=0, calls=0), "run")] == ["usd", "tokens", "calls"]
    assert breaches(Totals(), Budget(usd=0.0, tokens=0, calls=0), "run") == ()


def test_an_unknown_price_breaches_a_dollar_budget() -> None:
    """What cannot be checked does not pass; the models are named, each once."""
    unknown = USED + Totals(calls=1, unpriced_calls=1)
    assert breaches(unknown, Budget(usd=5), "run", ["b", "a", "b"]) == (
        Breach(scope="run", what="usd", limit=5, value=None, models=("a", "b")),
    )
    assert breaches(unknown, Budget(tokens=5000), "run", ["b"]) == ()


def test_a_known_part_may_exceed_the_budget_alone() -> None:
    """Where what is known is too much already, that is the value."""
    unknown = USED + Totals(calls=1, unpriced_calls=1)
    assert breaches(unknown, Budget(usd=0.1), "run", ["b"]) == (
        Breach(scope="run", what="usd", limit=0.1, value=0.3, models=("b",)),
    )


def grown(tokens: int, usd: float, unpriced: int = 0) -> Totals:
    """Totals of this size."""
    return Totals(calls=1, usage=Usage(input_tokens=tokens), priced_usd=usd, unpriced_calls=unpriced)


@pytest.mark.parametrize(
    ("golden", "observed", "value"),
    [
        (grown(100, 1.0), grown(110, 1.1), None),
        (grown(100, 1.0), grown(50, 0.5), None),
        (grown(100, 1.0), grown(150, 1.0), 0.5),
        (grown(100, 1.0), grown(100, 1.25), 0.25),
        (grown(100, 1.0), grown(150, 2.0), 1.0),
        (grown(100, 1.0, unpriced=1), grown(100, 9.0), None),
        (grown(100, 1.0), grown(120, 9.0, unpriced=1), 0.2),
        (grown(0, 0.0), grown(0, 0.0), None),
        (grown(0, 0.0), grown(30, 0.0), 30.0),
    ],
)
def test_growth_is_that_of_tokens_or_dollars(golden: Totals, observed: Totals, value: float | None) -> None:
    """The larger growth counts; dollars only where every price is known on both sides."""
    found = growth_breaches(golden, observed, 0.1, "run")
    if value is None:
        assert found == ()
    else:
        assert [(one.scope, one.what, one.limit) for one in found] == [("run", "growth", 0.1)]
        assert found[0].value == pytest.approx(value)


def test_amounts_are_read() -> None:
    """A percentage becomes a fraction, dollars a number."""
    assert [parse_growth("10%"), parse_growth(" 0.5 % "), parse_growth("0%")] == [0.1, 0.005, 0.0]
    assert [parse_usd("0.50"), parse_usd("$0.50"), parse_usd(" 2 ")] == [0.5, 0.5, 2.0]


@pytest.mark.parametrize("text", ["10", "ten%", "-1%", "nan%", "inf%", "%", ""])
def test_an_unreadable_growth_says_how_to_write_it(text: str) -> None:
    """The value and an example are in the message."""
    with pytest.raises(SettingsError, match=re.escape(f"{text!r} is not a percentage; write for example 10%")):
        parse_growth(text)


@pytest.mark.parametrize("text", ["-1", "1 dollar", "nan", "inf", "", "1,5"])
def test_an_unreadable_amount_says_how_to_write_it(text: str) -> None:
    """The value and an example are in the message."""
    with pytest.raises(
        SettingsError, match=re.escape(f"{text!r} is not an amount of US dollars; write for example 0.50")
    ):
        parse_usd(text)
