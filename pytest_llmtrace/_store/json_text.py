"""JSON for files that people review: what is short stands on one line, what is long a member a line."""

from __future__ import annotations

import json
import re
import struct
from json.encoder import encode_basestring
from typing import Any, Final

from pytest_llmtrace._model.bounds import DEEPEST
from pytest_llmtrace._model.canonical import Json, written_value
from pytest_llmtrace._model.exact_json import loads_exactly
from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.json_strings import json_string
from pytest_llmtrace._store.nesting import is_too_deep

WIDTH: Final = 100
"""Columns up to which a value goes on one line."""
TOOLS: Final = "tools"
"""The key of a list that the requests of many tests have in common."""
LINE_EACH: Final = frozenset({"sse", "ndjson"})
"""Keys of lists whose members always stand on one line each: the events of a stream."""


def json_text(value: Json, indent: int = 0) -> str:
    """JSON text in the layout of the tape; continuation lines begin at column `indent`. Keys keep their order."""
    text = _laid_out(value, indent, None)
    if (text.isascii() and "\x7f" not in text) or all(map(str.isprintable, text.split("\n"))):
        return text
    return _UNREADABLE.sub(_escape, text)


def compact_json(value: Json) -> str:
    """JSON text as SDKs send it: no white space, non-ASCII as it is."""
    return _COMPACT.encode(value)


def compact_bytes(value: Json) -> bytes:
    """`compact_json` in UTF-8."""
    return utf8(_COMPACT.encode(value))


def utf8(text: str) -> bytes:
    """JSON text in UTF-8; lone surrogates, which UTF-8 cannot express, are escaped."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(_escape, text).encode()


def reviewable_json(text: str) -> Json:
    """The object or list that a text holds, where it can stand in a file as such; else `None`.

    It can where it is exactly the same when written and read again, except for white space and the spelling of
    numbers and characters.
    """
    if not text.lstrip(_BLANKS).startswith(("{", "[")):
        return None
    try:
        value: Json = loads_exactly(text)
        return value if is_storable(value) else None
    except ValueError:
        return None


def is_storable(value: Json, written: bytes | None = None) -> bool:
    """Whether JSON can express a value: an overlong number (``1e400``) was read as infinity.

    Args:
        value: The value.
        written: What `written_value` makes of it, where somebody has that: most can be told by it, in no time.
    """
    if value is None or isinstance(value, (str, bool)):
        return True
    if written is not None and _is_plain(written):
        return True
    if is_too_deep(value):
        return False
    try:
        _COMPACT.encode(value)
    except ValueError:
        return False
    return True


def _is_plain(written: bytes) -> bool:
    """Whether there are no more collections than may nest, and no number that is none. `False` says nothing."""
    if written.count(b"{") + written.count(b"[") > DEEPEST:
        return False
    if b"\x7f" not in written and b"\xff" not in written:  # as what is no number ends: looked for in no time
        return True
    return not any(end in written for end in _NO_NUMBERS)


def _laid_out(value: Json, indent: int, key: str | None) -> str:
    """A value under a key, as one line, or as an opening bracket and the lines of its members."""
    if isinstance(value, str):
        return json_string(value)
    if not isinstance(value, (dict, list)) or not value:
        return _plain(value)
    if isinstance(value, dict):
        return _of_object(value, indent)
    if key == TOOLS:
        return _of_tools(value, indent)
    if key in LINE_EACH:
        return _placed([_SPACED.encode(part) for part in value], "[]", indent)
    return _of_list(value, indent)


def _of_object(value: dict[str, Any], indent: int) -> str:
    members = [  # most parts are texts and whole numbers, and are written here, without a call for each
        f"{_NAMES[name]}: {json_string(part)}"
        if type(part) is str
        else f"{_NAMES[name]}: {'null' if part is None else part}"
        if part is None or type(part) is int
        else f"{_NAMES[name]}: {_laid_out(part, indent + 1, name)}"
        for name, part in value.items()
    ]
    return _placed(members, "{}", indent)


class _Names(dict[str, str]):
    """Names as JSON writes them. The short ones are remembered: it is the same few that all files have."""

    __slots__ = ()

    def __missing__(self, name: str) -> str:
        written = encode_basestring(name)
        if len(name) <= _SHORT:
            if len(self) >= _MOST_NAMES:
                self.clear()
            self[name] = written
        return written


def _plain(value: Json) -> str:
    """A value without members. The encoder, which takes ten times as long to begin, is for floats and what is empty."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return int.__repr__(value) if isinstance(value, int) else _SPACED.encode(value)


def _of_list(value: list[Any], indent: int) -> str:
    numbers = isinstance(value[0], (int, float)) and all(isinstance(part, (int, float)) for part in value)
    if numbers:  # of an embedding: they stay together
        return _SPACED.encode(value)
    return _placed([_laid_out(part, indent + 1, None) for part in value], "[]", indent)


def _placed(members: list[str], brackets: str, indent: int) -> str:
    """Members of an object or a list on one line, where they fit; one that takes several lines never does."""
    if sum(map(len, members)) + 2 * len(members) <= WIDTH - indent:
        return f"{brackets[0]}{', '.join(members)}{brackets[1]}"
    end = "\n" + " " * indent
    return f"{brackets[0]}{end} {f',{end} '.join(members)}{end}{brackets[1]}"


def _of_tools(value: list[Any], indent: int) -> str:
    """A list of tools: the tests of a module offer the same, which is laid out once in a process."""
    written = written_value([indent, value])
    text = _KNOWN.get(written) if written is not None else None
    if text is None:
        text = _of_list(value, indent)
        if written is not None:
            if len(_KNOWN) >= _MOST:
                _KNOWN.clear()
            _KNOWN[written] = text
    return text


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"


_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_SPACED: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_BLANKS: Final = " \t\r\n"
_SURROGATE: Final = expression("[\ud800-\udfff]")
_UNREADABLE: Final = expression("[\x7f-\x9f\u2028\u2029\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What UTF-8 cannot express, or makes text look different from what it is."""
_NO_NUMBERS: Final = tuple(struct.pack("<d", float(name))[-2:] for name in ("inf", "-inf", "nan", "-nan"))
"""How `marshal` ends what is no number. No letter of UTF-8 has such bytes, so texts do not."""
_SHORT: Final = 40
_MOST_NAMES: Final = 1024
_NAMES: Final = _Names()
_MOST: Final = 64
_KNOWN: Final[dict[bytes, str]] = {}
"""Lists of tools that are laid out, by indentation and value."""
