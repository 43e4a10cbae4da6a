"""Stretches of base64 in a text: images, basic authentication, the chunks of Bedrock, and whatever hides in them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final


def runs(text: str) -> Iterator[tuple[int, int]]:
    """Where letters of base64 stand together for long: begin and end, with the padding.

    Found with two searches that cost next to nothing: most texts have few words this long.
    """
    flags = text.encode("latin-1", "replace").translate(_FLAGS)
    position = 0
    while (found := flags.find(_RUN, position)) >= 0:
        start = flags.rfind(b" ", position, found) + 1 or position
        end = flags.find(b" ", found)
        end = position = len(flags) if end < 0 else end
        while end < len(text) and end - position < _LONGEST_PADDING and text[end] == "=":
            end += 1
        yield start, end
        position = end


def has_run(text: str) -> bool:
    """Whether there is any."""
    return _RUN in text.encode("latin-1", "replace").translate(_FLAGS)


def decoded(run: str) -> str | None:
    """What a run says, a letter for a byte; `None` where it is not base64."""
    letters = run.rstrip("=").replace("-", "+").replace("_", "/")
    letters += "=" * (-len(letters) % 4)
    try:
        return binascii.a2b_base64(letters).decode("latin-1")
    except (binascii.Error, ValueError):
        return None


def encoded(text: str, like: str) -> str:
    """Base64 of a text, in the alphabet of another run, and padded where that was."""
    raw = text.encode("latin-1", "replace")
    made = (base64.urlsafe_b64encode(raw) if "-" in like or "_" in like else base64.b64encode(raw)).decode()
    return made if len(like) % 4 == 0 else made.rstrip("=")


_SHORTEST: Final = 20
_LONGEST_PADDING: Final = 2
_RUN: Final = b"x" * _SHORTEST
_LETTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
_FLAGS: Final = bytes(ord("x" if code in _LETTERS else " ") for code in range(256))
