"""The bytes that clients send for recorded requests: what the histories of a conversation share is written once."""

from __future__ import annotations

import json
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
            return b"[" + b",".join([self._whole(item) for item in part]) + b"]"
        return self._whole(part)

    def _whole(self, value: Any) -> bytes:
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = (value, _written(value))
        return known[1]


def _written(value: Any) -> bytes:
    return _HTTPX.encode(value).encode()


_HTTPX: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
