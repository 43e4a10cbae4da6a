"""One canonical form of JSON-like data, and its digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

Json = None | bool | int | float | str | list[Any] | dict[str, Any]
"""Any value that `json.loads` can return."""


def canonical_json(value: object) -> str:
    """Text that is equal for equal data: sorted keys, no white space, non-ASCII kept."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def digest(data: str | bytes) -> str:
    """A 128-bit BLAKE2b digest of the data, as 32 hexadecimal digits."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


def parse_json(text: str | bytes | None) -> Any:
    """The parsed JSON, or `None` where the text is not JSON (a body of `null` gives `None` too)."""
    if not text:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
