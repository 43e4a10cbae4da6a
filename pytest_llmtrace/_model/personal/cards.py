"""Numbers of payment cards: of an issuer's range and length, with a check digit that fits.

Ranges: https://en.wikipedia.org/wiki/Payment_card_number
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final


def card_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where card numbers are: in one piece, or in groups of digits parted by single spaces or dashes."""
    for run in _RUN.finditer(text):
        groups = list(_GROUP.finditer(run.group()))
        first = 0
        while first < len(groups):
            last = _card_from(groups, first)
            if last is None:
                first += 1
                continue
            yield run.start() + groups[first].start(), run.start() + groups[last].end()
            first = last + 1


def _card_from(groups: list[re.Match[str]], first: int) -> int | None:
    """The last group of the longest card number that begins with a group; `None`: none does."""
    digits, found = "", None
    for position in range(first, len(groups)):
        digits += groups[position].group()
        if len(digits) > _LONGEST or digits[0] not in _FIRST:
            break
        if len(digits) >= _SHORTEST and is_card(digits):
            found = position
    return found


def is_card(digits: str) -> bool:
    """Whether these digits can be the number of a card."""
    return any(len(digits) in lengths and pattern.match(digits) for pattern, lengths in _ISSUERS) and _luhn(digits)


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0  # two digits, added


_SHORTEST: Final = 13
_LONGEST: Final = 19
_FIRST: Final = "234568"
_RUN: Final = re.compile(r"(?<![0-9A-Za-z_])(?<!\d\.)[0-9](?:[ \u00a0-]?[0-9]){12,}(?![0-9A-Za-z_])(?!\.\d)", re.ASCII)
_GROUP: Final = re.compile(r"[0-9]+")
_ISSUERS: Final = tuple(
    (re.compile(pattern), frozenset(lengths))
    for pattern, lengths in (
        (r"4", (13, 16, 19)),  # Visa
        (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),  # Mastercard
        (r"3[47]", (15,)),  # American Express
        (r"6011|64[4-9]|65", (16, 19)),  # Discover
        (r"30[0-5]|36|3[89]", (14, 16, 19)),  # Diners Club
        (r"35(?:2[89]|[3-8])", (16, 19)),  # JCB
        (r"62|81", (16, 17, 18, 19)),  # UnionPay
        (r"50(?:18|20|38)|5893|6304|67(?:59|6[1-3])", (13, 14, 15, 16, 17, 18, 19)),  # Maestro
    )
)
