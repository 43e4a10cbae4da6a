"""A text with its escapes undone, and the way back: which stretch of the text a stretch of that is.

JSON escapes (as often as JSON was put into JSON), percent encoding (as often as it was applied), and character
references of XML. What is found in the decoded text is replaced in the text itself, whole escapes at a time, so that
JSON stays JSON.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.frozen import frozen


@frozen
class Decoded:
    """A text without its escapes."""

    text: str
    _starts: list[int]
    """Positions in the decoded text at which a stretch without escapes, or an escape, begins."""
    _origins: list[int]
    """Where each of these begins in the text itself."""

    def origin(self, position: int) -> int:
        """Where in the text itself something begins, or ends, that does so here in the decoded one."""
        at = bisect_right(self._starts, position) - 1
        return self._origins[at] + position - self._starts[at]


def hides_letters(text: str) -> bool:
    """Whether a letter that a secret may be made of is escaped somewhere: most texts have no such escape."""
    for sign, pattern in _HIDING:  # noqa: SIM110  # asked of each tape; a generator takes five steps
        if sign in text and pattern.search(text):
            return True
    return False


def decoded(text: str) -> Decoded:
    """The text with its escapes undone."""
    pieces: list[str] = []
    starts: list[int] = []
    origins: list[int] = []
    length = position = 0
    for found in _ESCAPE.finditer(text):
        if found.start() > position:
            starts.append(length)
            origins.append(position)
            pieces.append(text[position : found.start()])
            length += found.start() - position
        starts.append(length)
        origins.append(found.start())
        pieces.append(_letter(found))
        length += 1
        position = found.end()
    starts += [length, length + len(text) - position]
    origins += [position, len(text)]
    pieces.append(text[position:])
    return Decoded(text="".join(pieces), _starts=starts, _origins=origins)


def percent_encoded(text: str) -> bool:
    """Whether a stretch of text is percent-encoded, so that what takes its place must be, too."""
    return _PERCENT.search(text) is not None


def _letter(found: re.Match[str]) -> str:
    short = found["short"]
    if short is not None:
        return _SHORT.get(short, short)
    for group, base in (("hex", 16), ("percent", 16), ("xml_hex", 16), ("xml", 10)):
        digits = found[group]
        if digits is not None:
            number = int(digits, base)
            return chr(number) if number < _UNICODE_END else "\ufffd"
    return _NAMED[found["name"]]


_PERCENT: Final = expression(r"%[0-9A-Fa-f]{2}")
_HIDING: Final = (
    ("\\", expression(r"\\u00[2-7]")),
    ("\\", expression(r"\\/")),
    ("%", expression(r"%(?:25)*(?:[2-7][0-9A-Fa-f]|5[cC])")),
    ("&", expression(r"&(?:#|amp;|quot;|apos;|lt;|gt;)")),
)
"""Each with the letter it begins with: whether a text has that is known a tenfold sooner than by an expression."""
_ESCAPE: Final = expression(
    r"(?:\\|%(?:25){0,4}5[cC]){1,32}(?:u(?P<hex>[0-9a-fA-F]{4})|(?P<short>[/\"'nrtbf\\]))"
    r"|%(?:25)*(?P<percent>0[9aAdD]|[2-7][0-9a-fA-F])"
    r"|&(?:amp;)*\#(?:x(?P<xml_hex>[0-9a-fA-F]{2,6})|(?P<xml>[0-9]{2,7}));|&(?P<name>amp|quot|apos|lt|gt);"
)
_SHORT: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_NAMED: Final = {"amp": "&", "quot": '"', "apos": "'", "lt": "<", "gt": ">"}
_UNICODE_END: Final = 0x110000
