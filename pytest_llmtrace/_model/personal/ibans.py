"""International bank account numbers: a country's length, and check digits that fit (ISO 13616)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final


def iban_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where account numbers are: in one piece, or parted by single spaces or dashes."""
    for begun in _BEGINNING.finditer(text):
        length = _LENGTHS.get(begun.group()[:2].upper())
        if length is None:
            continue
        found = _ACCOUNTS[length].match(text, begun.start())
        if found is not None and _checks(re.sub(r"[ \u00a0-]", "", found.group()).upper()):
            yield found.span()


def _checks(account: str) -> bool:
    return int("".join(str(int(letter, 36)) for letter in account[4:] + account[:4])) % 97 == 1


_BEGINNING: Final = re.compile(r"(?<![0-9A-Za-z_])[A-Z]{2}[0-9]{2}(?=[ \u00a0-]?[0-9A-Z])", re.IGNORECASE | re.ASCII)
_COUNTRIES: Final = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
"""By the length of their accounts' numbers."""
_LENGTHS: Final = {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}
_ACCOUNTS: Final = {
    length: re.compile(
        rf"[A-Z]{{2}}[0-9]{{2}}(?:[ \u00a0-]?[0-9A-Z]){{{length - 4}}}(?![0-9A-Za-z_])", re.IGNORECASE | re.ASCII
    )
    for length in _COUNTRIES
}
