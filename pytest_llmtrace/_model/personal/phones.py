"""Phone numbers where the text says that they are some: with their country's code, or as North America writes them.

Other national forms are no different from order numbers. Calling codes: ITU-T E.164.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final


def phone_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where phone numbers are."""
    for found in _INTERNATIONAL.finditer(text) if "+" in text or "%2" in text else ():
        start, end = found.span(1)
        if text[start] == "1":
            north_american = _NORTH_AMERICAN.match(text, start, end)
            if north_american is not None:
                yield found.start(), north_american.end()
        elif _CALLING_CODE.match(re.sub(r"\D", "", found.group(1))):
            yield found.span()
    for found in _NATIONAL.finditer(text):
        yield found.span()


def plain_phone(spelled: str) -> str:
    """A plus and the digits."""
    international = _INTERNATIONAL.fullmatch(spelled)
    digits = re.sub(r"\D", "", spelled if international is None else international.group(1))
    return f"+{digits}" if international is not None or len(digits) > _LOCAL else f"+1{digits}"


_LOCAL: Final = 10
_SEPARATOR: Final = r"(?:[ \u00a0()./-]{0,3}|%20|\u2011)"
_INTERNATIONAL: Final = re.compile(
    rf"(?<![\w+/.])(?:\+|%2B)[ ]?([1-9](?:{_SEPARATOR}\d){{7,14}})(?!\d)(?!\.\d)", re.ASCII
)
_NATIONAL: Final = re.compile(
    r"(?<![\w+.-])(?<!\d )(?:1[ -])?(?:\([2-9]\d\d\) ?|[2-9]\d\d-)[2-9]\d\d-\d{4}(?![\w-])", re.ASCII
)
_NORTH_AMERICAN: Final = re.compile(
    rf"1{_SEPARATOR}[2-9](?:{_SEPARATOR}\d){{2}}{_SEPARATOR}[2-9](?:{_SEPARATOR}\d){{6}}(?!\d)", re.ASCII
)
_CALLING_CODE: Final = re.compile(
    r"7|2(?:[07]|[1-689]\d)|3(?:[0-469]|[578]\d)|4(?:[013-9]|2\d)|5(?:[1-8]|[09]\d)|6(?:[0-6]|[7-9]\d)"
    r"|8(?:[1246]|[0578]\d)|9(?:[0-58]|[679]\d)"
)
