"""Text from recordings is written by models, tools and servers: nobody a terminal should take orders from."""

from __future__ import annotations

import re
from typing import Final

from pytest_llmtrace._model.expressions import expression

_UNSAFE: Final = expression(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, the escape that begins an ANSI sequence among them
    "\u00ad\u180b-\u180f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\u061c"  # invisible, bidi
    "\ufeff\ufff9-\ufffb"
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\U0001d173-\U0001d17a"  # letters and marks that show nothing
    "\U000e0000-\U000e0fff"  # tag characters and selectors: a prompt nobody sees
    "\ud800-\udfff"  # lone surrogates, which no terminal can print
    "]"
    "|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]"  # an emoji takes one selector; in a row, they spell bytes that nobody sees
)
_COMMAND: Final = expression(
    r"(?m)^(?P<blanks>[^\S\n]*)::(?=[\w-]+(?: .*)?::)|##(?=\[[\w-]+[ \]]|(?:vso|teamcity)\[\w)"
)
"""How a workflow command begins: GitHub runs `::command::` after any blanks, and `##[command]` anywhere in a line, as
Azure Pipelines and TeamCity do `##vso[command]` and `##teamcity[message]`."""


def clean(text: object) -> str:
    r"""The text with every character that could act on a terminal, or hide, spelled out (``\x1b``, ``\u202e``).

    Line feeds stay, so that a text keeps its lines, and tabs become four blanks. Spelling out, not dropping: what
    drifted may be just such a character.
    """
    return _UNSAFE.sub(_spelled, str(text).replace("\t", "    "))


def clean_line(text: object) -> str:
    r"""The same on one line: a line feed becomes ``\n``."""
    return clean(text).replace("\n", "\\n")


def inert(text: object) -> str:
    """What is about to be shown, made harmless: cleaned, and nothing in it a command for a CI system."""
    return disarmed(clean(text))


def escaped_json(text: str) -> str:
    r"""JSON text with what `clean` would spell out as JSON's own escapes: the same data, harmless on a terminal."""
    return _UNSAFE.sub(_json_escape, text)


def disarmed(text: str) -> str:
    r"""Finished lines in which nothing is a workflow command for the CI system that reads them (``\x3a:error::``).

    A text could otherwise annotate, mask or hide what is shown. Only finished lines can be judged: folding a long text
    makes new beginnings.
    """
    return _COMMAND.sub(_disarmed, text) if "::" in text or "##" in text else text


def _disarmed(match: re.Match[str]) -> str:
    return "#\\x23" if match["blanks"] is None else f"{match['blanks']}\\x3a:"


def _json_escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _spelled(match: re.Match[str]) -> str:
    code = ord(match.group())
    named = {0x0D: "\\r"}.get(code)
    if named:
        return named
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
