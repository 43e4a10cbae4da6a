"""The bytes that clients send for requests: what the histories of a conversation share is written once."""

from __future__ import annotations

import functools
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
        known = self._known
        members: list[bytes] = []
        try:
            for name, part in body.items():
                if isinstance(part, list):
                    found = [known.get(id(item)) for item in part]
                    items = [
                        one[1] if one is not None else self._item(item) for one, item in zip(found, part, strict=True)
                    ]
                    members.append(b"%b:[%b]" % (_written(name), b",".join(items)))
                else:
                    members.append(b"%b:%b" % (_written(name), _written(part)))
        except (ValueError, RecursionError):
            return None
        return b"{%b}" % b",".join(members)

    def item(self, item: Any) -> bytes:
        """The bytes of an item of a list in a body that has bytes."""
        known = self._known.get(id(item))
        return known[1] if known is not None else self._item(item)

    def around(self, body: dict[str, Any]) -> bytes:
        """The bytes of a body that has bytes, without the objects in its lists."""
        return self.of({name: _bare(part) for name, part in body.items()}) or b""

    def _item(self, item: Any) -> bytes:
        """A new item, which may come again."""
        written = _written(item)
        if isinstance(item, dict):
            self._known[id(item)] = (item, written)
        return written


def _bare(part: Any) -> Any:
    return [item for item in part if not isinstance(item, dict)] if isinstance(part, list) else part


def _written(value: Any) -> bytes:
    if type(value) is str:
        return _text(value) if len(value) <= _SHORT else encode_basestring(value).encode()
    if type(value) is dict and set(map(type, value.values())) <= _TEXTS:  # as most messages are
        members = [f"{encode_basestring(name)}:{encode_basestring(said)}" for name, said in value.items()]
        return f"{{{','.join(members)}}}".encode()
    return _HTTPX.encode(value).encode()


@functools.lru_cache(maxsize=256)
def _text(value: str) -> bytes:
    """A short text: names, models and the like, which every request has."""
    return encode_basestring(value).encode()


_SHORT: Final = 64
_TEXTS: Final = frozenset({str})


_HTTPX: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
