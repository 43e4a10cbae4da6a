"""Everything that a text may say to somebody who takes it apart: the eye of whoever looks for what was not removed.

What removes secrets works on a text as it is and must leave the rest alone. This reads, and may read too much: JSON in
JSON, percent encoding, character references, base64 from any of its letters and over line ends, hexadecimal, zipped
data in any of them.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import zlib
from collections.abc import Collection, Iterator
from typing import Any, Final
from urllib.parse import unquote_plus

from pytest_llmtrace._model.secrecy import base64_runs


def readings(text: str) -> Iterator[str]:
    """The text, and what it says when it is decoded, as far as that is text; each once."""
    seen = {text}
    waiting = [(text, 0)]
    while waiting:
        one, depth = waiting.pop()
        yield one
        if depth < _DEEPEST and len(one) <= _LONGEST:
            for inner in _inside(one):
                if inner not in seen and len(inner) >= _SHORTEST:
                    seen.add(inner)
                    waiting.append((inner, depth + 1))


def say_themselves_alone(texts: Collection[str]) -> bool:
    """Whether each text is its only reading: they have no sign of anything that is encoded. `False` says nothing."""
    together = "\n".join(texts)
    return not (
        "\\" in together
        or "%" in together
        or "&" in together
        or "\0" in together
        or not _QUOTES.isdisjoint([text.lstrip()[:1] for text in texts])
        or base64_runs.has_run(together)
    )


def _inside(text: str) -> Iterator[str]:
    if "%" in text:
        yield unquote_plus(text)
    if "&" in text:
        yield html.unescape(text)
    if "\\" in text:
        yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
    if "\0" in text:
        yield text.replace("\0", "")
    yield from _texts(text)
    if not base64_runs.has_run(text):  # nor anything in hexadecimal, which is longer
        return
    for found in _BASE64.finditer(text):
        letters = _SPACE.sub("", found[0]).translate(_STANDARD)
        for start in range(4):
            yield from _said(_unbased(letters[start:]))
    for found in _HEX.finditer(text):
        yield from _said(bytes.fromhex(found[0][: len(found[0]) // 2 * 2]))


def _texts(text: str) -> Iterator[str]:
    """The texts of JSON, and its keys."""
    if not text.lstrip().startswith(_QUOTED):
        return
    try:
        data = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return
    yield from _leaves(data)


def _leaves(data: Any) -> Iterator[str]:
    waiting = [data]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one


def _unbased(letters: str) -> bytes:
    letters = letters[: len(letters) - len(letters) % 4] if len(letters) % 4 == 1 else letters
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4))
    except (binascii.Error, ValueError):
        return b""


def _said(raw: bytes) -> Iterator[str]:
    """The stretches of text in bytes, or in what these are the zip of."""
    for form in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS) if raw[:1] in _ZIPPED else ():
        try:
            raw = zlib.decompressobj(form).decompress(raw, _LONGEST)
        except zlib.error:
            continue
        break
    for found in _PRINTED.finditer(raw.replace(b"\0", b"")):
        yield found[0].decode()


_QUOTED: Final = ("{", "[", '"')
"""How JSON begins that holds a text."""
_QUOTES: Final = frozenset(_QUOTED)
_SHORTEST: Final = 8
_DEEPEST: Final = 5
_LONGEST: Final = 4 * 1024 * 1024
_ESCAPE: Final = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{20,}(?:\s{1,4}[A-Za-z0-9+/_-]{20,})*")
_SPACE: Final = re.compile(r"\s+")
_STANDARD: Final = str.maketrans("-_", "+/")
_HEX: Final = re.compile(r"[0-9a-fA-F]{32,}")
_PRINTED: Final = re.compile(rb"[\t\n\r -~]{12,}")
_ZIPPED: Final = (b"\x1f", b"\x78", b"\xab", b"\x0b", b"\x4b", b"\xcb", b"\x2b")
