"""Text from recordings is written by models, tools and servers: nobody a terminal should take orders from."""

from __future__ import annotations

import re
from typing import Final

_UNSAFE: Final = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, the escape that begins an ANSI sequence among them
    "\u00ad\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\u061c\ufeff\ufff9-\ufffb"  # invisible, bidi
    "\U000e0000-\U000e007f"  # tag characters: a prompt nobody sees
    "\ud800-\udfff"  # lone surrogates, which no terminal can print
    "]"
)
_COMMAND: Final = re.compile(r"(?m)^(?P<blanks>[^\S\n]*)::(?=[\w-]+(?: .*)?::)|##(?=\[[\w-]+[ \]]|vso\[\w)")
"""How a workflow command begins: GitHub runs `::command::` after any blanks, and `##[command]` anywhere in a line, as
Azure Pipelines does `##vso[command]`."""


def clean(text: object) -> str:
    r"""The text with every character that could act on a terminal, or hide, spelled out (``\x1b``, ``\u202e``).

    Line feeds stay, so that a text keeps its lines, and tabs become four blanks. Spelling out, not dropping: what
    drifted may be just such a character.
    """
    return _UNSAFE.sub(_spelled, str(text).replace("\t", "    "))


def clean_line(text: object) -> str:
    r"""The same on one line: a line feed becomes ``\n``."""
    return clean(text).replace("\n", "\\n")


def disarmed(text: str) -> str:
    r"""Finished lines in which nothing is a workflow command for the CI system that reads them (``\x3a:error::``).

    A text could otherwise annotate, mask or hide what is shown. Only finished lines can be judged: folding a long text
    makes new beginnings.
    """
    return _COMMAND.sub(_disarmed, text) if "::" in text or "##" in text else text


def _disarmed(match: re.Match[str]) -> str:
    return "#\\x23" if match["blanks"] is None else f"{match['blanks']}\\x3a:"


def _spelled(match: re.Match[str]) -> str:
    code = ord(match.group())
    named = {0x0D: "\\r"}.get(code)
    if named:
        return named
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
