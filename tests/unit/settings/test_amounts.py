"""Amounts in options, ini values and markers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pytest_llmtrace._model.limits import MaxGrowth
from pytest_llmtrace._settings.amounts import parse_amount, parse_growth, parse_usd
from pytest_llmtrace._settings.markers import BudgetMarker, budget_marker
from pytest_llmtrace.errors import SettingsError


def test_amounts_are_read() -> None:
    """A percentage becomes a fraction, dollars and counts a number."""
    assert [parse_growth(text).usd for text in ("10%", " 0.5 % ", "0%")] == [0.1, 0.005, 0.0]
    assert parse_growth("10%", "--x") == MaxGrowth(usd=0.1, tokens=0.1, source="--x")
    assert parse_growth("tokens: 10%, usd:25 %") == MaxGrowth(usd=0.25, tokens=0.1)
    assert parse_growth("usd:25%") == MaxGrowth(usd=0.25)
    assert [parse_usd(text) for text in ("0.50", "$0.50", " 2 ")] == [0.5, 0.5, 2.0]
    assert [parse_amount("tokens", text) for text in ("50000", "50_000", " 50,000 ", "0")] == [50_000] * 3 + [0]


@pytest.mark.parametrize("text", ["10", "ten%", "-1%", "nan%", "inf%", "%", ""])
def test_an_unreadable_growth_says_how_to_write_it(text: str) -> None:
    """The value and an example are in the message."""
    with pytest.raises(SettingsError, match=re.escape(f"{text!r} is not a percentage; write for example 10%")):
        parse_growth(text)


@pytest.mark.parametrize("part", ["calls:10%", "usd:1%", ":1%", "10%"])
def test_a_growth_in_parts_says_which_cannot_be(part: str) -> None:
    """The part and examples are in the message."""
    with pytest.raises(SettingsError, match=re.escape(f"'usd:5%,{part}': {part!r} is not possible; write for example")):
        parse_growth(f"usd:5%,{part}")


@pytest.mark.parametrize("text", ["-1", "1 dollar", "nan", "inf", "", "1,5"])
def test_an_unreadable_amount_says_how_to_write_it(text: str) -> None:
    """The value and an example are in the message."""
    with pytest.raises(
        SettingsError, match=re.escape(f"{text!r} is not an amount of US dollars; write for example 0.50")
    ):
        parse_usd(text)


@pytest.mark.parametrize("text", ["-1", "1.5", "many", "", "1e3"])
def test_an_unreadable_count_says_how_to_write_it(text: str) -> None:
    """The value, what is counted and an example are in the message."""
    with pytest.raises(SettingsError, match=re.escape(f"{text!r} is not a number of calls; write for example 50000")):
        parse_amount("calls", text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"usd": float("nan")}, "(usd=nan): must be a number, 0 or more, or None for no limit"),
        ({"usd": float("inf")}, "(usd=inf): must be a number, 0 or more, or None for no limit"),
        ({"tokens": 1.5}, "(tokens=1.5): must be a whole number, or None for no limit"),
        ({"calls": True}, "(calls=True): must be a number, 0 or more, or None for no limit"),
        ({}, "() needs at least one of usd=, tokens=, calls="),
    ],
)
def test_a_marker_that_sets_no_limit_is_an_error(arguments: dict[str, Any], message: str) -> None:
    """What would never be exceeded is no budget."""
    with pytest.raises(SettingsError, match=re.escape(f"@pytest.mark.llm_budget{message}")):
        budget_marker((), arguments)
    assert budget_marker((), {"tokens": 1e6, "usd": None}) == BudgetMarker(tokens=1_000_000)
