"""Texts as JSON strings: what a call says is written for key, journal, tape and trace, and encoded once."""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import Final


def json_string(text: str) -> str:
    """A text as a JSON string, non-ASCII as it is; a long one is remembered. Safe to use from threads.

    Encoding takes ten times as long as looking up. Of a short text it takes less than that.
    """
    if len(text) < _SHORTEST or type(text) is not str:
        return encode_basestring(text)
    made = _known.get(text)
    if made is None:
        made = encode_basestring(text)
        if len(text) <= _LONGEST:
            if len(_known) >= _MOST:
                _known.clear()
            _known[text] = made
    return made


_SHORTEST: Final = 128
_LONGEST: Final = 16_384
_MOST: Final = 64
"""So no more than a million letters are held."""
_known: Final[dict[str, str]] = {}
