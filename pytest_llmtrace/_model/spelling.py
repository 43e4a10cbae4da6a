"""The bytes that clients send for requests: what the histories of a conversation share is written once."""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import Any, Final


class Spelling:
    """JSON as httpx writes it, and so most SDKs do. Values must never change. Safe to use from threads."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        self._known: dict[int, tuple[Any, bytes]] = {}
        """By identity; the value is held, so that no other can have it."""

    def of(self, body: dict[str, Any]) -> bytes | None:
        """The bytes of an object; `None`, where it has none: a lone surrogate, say."""
        try:
            members = [_written(name) + b":" + self._part(part) for name, part in body.items()]
        except (ValueError, RecursionError):
            return None
        return b"{" + b",".join(members) + b"}"

    def _part(self, part: Any) -> bytes:
        if isinstance(part, list):
            return b"[" + b",".join([self._item(item) for item in part]) + b"]"
        return _written(part)

    def _item(self, item: Any) -> bytes:
        known = self._known.get(id(item))
        if known is not None:
            return known[1]
        written = _written(item)
        if isinstance(item, dict):
            self._known[id(item)] = (item, written)
        return written


def _written(value: Any) -> bytes:
    if type(value) is str:
        return encode_basestring(value).encode()
    if type(value) is dict and set(map(type, value.values())) <= _TEXTS:  # as most messages are
        members = [f"{encode_basestring(name)}:{encode_basestring(said)}" for name, said in value.items()]
        return f"{{{','.join(members)}}}".encode()
    return _HTTPX.encode(value).encode()


_TEXTS: Final = frozenset({str})


_HTTPX: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
