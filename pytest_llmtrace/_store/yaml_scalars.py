"""Strings and numbers as YAML, in the plainest form that any YAML reader takes for the same value."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final


def number(value: float) -> str:
    """An int or float; a float keeps its point, and small ones are written out: ``0.0000984``, not ``9.84e-05``."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = repr(value)
    mantissa, exponent, power = text.partition("e")
    if not exponent:
        return text
    if abs(int(power)) <= _LONGEST_DECIMAL:
        plain = format(Decimal(text), "f")
        return plain if "." in plain else f"{plain}.0"
    # YAML 1.1 takes it for a string without the point and the sign.
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{int(power):+d}"


def one_line(text: str, *, flow: bool = False) -> str:
    """A string on one line: plain where nothing could take it for something else, else in quotes.

    `flow`: it stands in a flow collection (``[...]`` or ``{...}``), where more characters mean something.
    """
    return (FLOW if flow else BLOCK)[text] if len(text) <= _SHORT else _line(text, flow=flow)


class _Lines(dict[str, str]):
    """Strings on one line. Of keys, roles, models and the like, which every document has, they are remembered."""

    __slots__ = ("_flow",)

    def __init__(self, *, flow: bool) -> None:
        super().__init__()
        self._flow = flow

    def __missing__(self, text: str) -> str:
        line = _line(text, flow=self._flow)
        if len(text) <= _SHORT:
            if len(self) >= _MOST:
                self.clear()
            self[text] = line
        return line


class _Keys(dict[str, str | None]):
    """Strings as keys in block style, remembered likewise; `None`: too long for one that needs no question mark."""

    __slots__ = ()

    def __missing__(self, text: str) -> str | None:
        line = BLOCK[text]
        if len(text) > _SHORT:
            return line if len(line) <= _LONGEST_KEY else None
        if len(self) >= _MOST:
            self.clear()
        self[text] = line
        return line


def _line(text: str, *, flow: bool) -> str:
    printable = _is_printable(text)
    if _is_plain(text, flow=flow, printable=printable):
        return text
    if (not printable and _ESCAPED.search(text)) or ("'" in text and '"' not in text and "\\" not in text):
        return f'"{_escape(text)}"'
    return "'" + text.replace("'", "''") + "'"


BLOCK: Final = _Lines(flow=False)
"""By the string, what `one_line` makes of it."""
FLOW: Final = _Lines(flow=True)
"""The same in a flow collection."""
KEYS: Final = _Keys()
"""By the string, what it is as a key in block style."""


def block(text: str, indent: int) -> list[str] | None:
    """A string of several lines as the lines of a block scalar, the indicator first; `None` for a string of one line.

    Literal (``|``) where its characters allow it; else in double quotes, still a line of text a line. `indent`: columns
    before each line of the content, two more than the parent has.
    """
    if "\n" not in text:
        return None
    margin = " " * indent
    if text.strip("\n") and (all(map(_is_printable, text.split("\n"))) or not _UNFIT_FOR_LITERAL.search(text)):
        # Without an explicit indentation, a reader would take it from the first line.
        indicator = "2" if text[0] in " \t\n" else ""
        if not text.endswith("\n"):
            return [f"|{indicator}-", *_margined(text, margin)]
        return [f"|{indicator}{'+' if text.endswith(_TWO_BREAKS) else ''}", *_margined(text[:-1], margin)]
    first, *rest = text.split("\n")
    # An escaped line break swallows the margin of the next line, but would swallow its own leading spaces too.
    pieces = [f'"{_escape(first)}', *(f"{margin}{_kept_margin(_escape(line))}" for line in rest)]
    return [*(f"{piece}\\n\\" for piece in pieces[:-1]), f'{pieces[-1]}"']


def _margined(text: str, margin: str) -> list[str]:
    return [margin + line if line else "" for line in text.split("\n")]


def _kept_margin(escaped: str) -> str:
    return f"\\{escaped}" if escaped.startswith(" ") else escaped


def _is_printable(text: str) -> bool:
    """Whether there is nothing that needs to be escaped, in a fifth of the time that looking for it takes."""
    return not text.encode().translate(None, _PRINTABLE) if text.isascii() else text.isprintable()


def _is_plain(text: str, *, flow: bool, printable: bool) -> bool:
    begins_well = _PLAIN_BEGINNING.match(text) if printable else _PLAIN.fullmatch(text)
    if not begins_well or text[-1] in " :":
        return False
    if (text[0] in _BEGIN_OTHERS or len(text) <= _LONGEST_OTHER) and _OTHER_TYPE.fullmatch(text):
        return False
    if ": " in text or " #" in text:
        return False
    return not (flow and _FLOW_SIGN.search(text))


def _escape(text: str) -> str:
    return _ESCAPED_OR_SIGN.sub(_escape_one, text)


def _escape_one(found: re.Match[str]) -> str:
    sign = found.group()
    short = _SHORT_ESCAPES.get(sign)
    if short is not None:
        return short
    code = ord(sign)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"


_SHORT: Final = 40
_MOST: Final = 1024
"""Strings that are remembered."""
_LONGEST_KEY: Final = 500
"""Characters. Readers give up looking for the colon after 1024."""
_LONGEST_DECIMAL: Final = 24
_TWO_BREAKS: Final = "\n\n"
_PRINTABLE: Final = bytes(range(ord(" "), ord("~") + 1))

# No character of these is one that `str.isprintable` lets pass (a test looks at all of them).
_UNSAFE: Final = (
    "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f"  # control characters, and line breaks of YAML or of editors
    "\\u2028\\u2029\\ufeff\\ufffe\\uffff\\ud800-\\udfff"
    "\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"  # they make text look different from what it is
)
_ESCAPED: Final = re.compile(f"[\\t\\n{_UNSAFE}]")
_ESCAPED_OR_SIGN: Final = re.compile(f'["\\\\\\t\\n{_UNSAFE}]')
_UNFIT_FOR_LITERAL: Final = re.compile(f"[{_UNSAFE}]")
_SHORT_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}

_PLAIN_BEGINNING: Final = re.compile(r"[\w/.($+<^;]")
_PLAIN: Final = re.compile(f"{_PLAIN_BEGINNING.pattern}[^\\t\\n{_UNSAFE}]*")
_FLOW_SIGN: Final = re.compile(r"[,\[\]{}?:]")
_OTHER_TYPE: Final = re.compile(
    r"true|false|yes|no|on|off|y|n|null|<<|[-+]?\.(?:inf|nan)"
    r"|[-+]?0(?:x[0-9a-f_]+|o[0-7_]+|b[01_]+)"
    r"|[-+]?(?:[0-9][0-9_,]*(?::[0-9]+)*(?:\.[0-9_]*)?|\.[0-9_]+)(?:e[-+]?[0-9]+)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t ].*)?",
    re.IGNORECASE,
)
"""What a reader of YAML 1.1 or 1.2 could take for a boolean, a number, a date or a merge key."""
_BEGIN_OTHERS: Final = "0123456789+-."
_LONGEST_OTHER: Final = 5
"""How long what begins otherwise is at most."""
