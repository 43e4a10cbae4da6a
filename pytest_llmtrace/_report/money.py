"""Money and tokens as people read them."""

from __future__ import annotations

import math
from typing import Final

UNKNOWN: Final = "?"
"""How an amount is shown that is not known: never as zero."""

_SMALLEST: Final = 1e-9


def usd(amount: float | None) -> str:
    """US dollars with enough digits to tell two amounts apart: ``$0.0000984``, ``$0.0124``, ``$1.24``, ``$12.40``.

    Three significant digits below one dollar, cents above; ``?`` for an amount that is not known.
    """
    if amount is None or not math.isfinite(amount):
        return UNKNOWN
    if amount < 0:
        return "-" + usd(-amount)
    if amount == 0:
        return "$0"
    if amount < _SMALLEST:
        return "<$0.000000001"
    if amount >= 1:
        return f"${amount:,.2f}"
    digits = 2 - math.floor(math.log10(amount))
    whole, fraction = f"{amount:.{digits}f}".split(".")
    return f"${whole}.{fraction.rstrip('0').ljust(2, '0')}"


def usd_or_part(cost: float | None, priced: float) -> str:
    """The amount; where it is not known, the part that is: ``? (at least $0.0124)``."""
    if cost is not None or not priced:
        return usd(cost)
    return f"{UNKNOWN} (at least {usd(priced)})"


def count(number: float) -> str:
    """A count with thousands separators: ``12,916``."""
    return f"{number:,.0f}"


def short_count(number: float) -> str:
    """A count in at most five characters where the last digits do not matter: ``812``, ``12.9k``, ``3.4M``."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if number >= size * 0.99995:
            return f"{number / size:.1f}".removesuffix(".0") + unit
    return f"{number:.0f}"


def seconds(number: float) -> str:
    """Seconds as they are compared with each other: ``0.02``, ``3.41``, ``62.5``, ``1,204``."""
    digits = 2 if number < 10 else 1 if number < 100 else 0
    return f"{number:,.{digits}f}"


def percent(ratio: float) -> str:
    """A ratio as a percentage: ``12 %``, ``0.4 %``."""
    value = ratio * 100
    return f"{value:.0f} %" if abs(value) >= 10 or value == round(value) else f"{value:.1f} %"
