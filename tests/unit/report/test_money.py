from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._report.money import count, percent, short_count, usd, usd_or_part


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "?"),
        (math.nan, "?"),
        (math.inf, "?"),
        (0.0, "$0"),
        (1e-12, "<$0.000000001"),
        (8e-08, "$0.00000008"),
        (0.0000984, "$0.0000984"),
        (0.00009996, "$0.0001"),
        (0.0124, "$0.0124"),
        (0.012345, "$0.0123"),
        (0.1, "$0.10"),
        (0.5, "$0.50"),
        (0.9999, "$1.00"),
        (1.24, "$1.24"),
        (12.4, "$12.40"),
        (1234.5, "$1,234.50"),
        (-0.0124, "-$0.0124"),
    ],
)
def test_dollars(amount, text):
    """Three significant digits below a dollar, cents above, and a question mark for what is not known."""
    assert usd(amount) == text


@settings(deadline=None)
@given(st.floats(min_value=1e-9, max_value=1e9))
def test_dollars_are_close(amount):
    """What is shown differs from the amount by less than one percent."""
    assert float(usd(amount).removeprefix("$").replace(",", "")) == pytest.approx(amount, rel=0.01)


def test_unknown_cost_with_a_known_part():
    """An unknown cost shows the part that is known, where there is one."""
    assert usd_or_part(0.5, 0.0) == "$0.50"
    assert usd_or_part(None, 0.0) == "?"
    assert usd_or_part(None, 0.0124) == "? (at least $0.0124)"


@pytest.mark.parametrize(
    ("number", "long", "short"),
    [
        (0, "0", "0"),
        (812, "812", "812"),
        (1_000, "1,000", "1k"),
        (12_916, "12,916", "12.9k"),
        (999_960, "999,960", "1M"),
        (3_412_000, "3,412,000", "3.4M"),
        (2_000_000_000, "2,000,000,000", "2G"),
    ],
)
def test_counts(number, long, short):
    """Counts have thousands separators, or a unit where short."""
    assert count(number) == long
    assert short_count(number) == short


@pytest.mark.parametrize(
    ("ratio", "text"), [(0.1, "10 %"), (0.124, "12 %"), (0.034, "3.4 %"), (0.03, "3 %"), (2.5, "250 %"), (0, "0 %")]
)
def test_percentages(ratio, text):
    """A ratio is shown in percent, small ones with a decimal."""
    assert percent(ratio) == text
