"""One canonical form of JSON-like data, and its digest."""

from __future__ import annotations

import hashlib
import json
import marshal
from typing import Any, Final

Json = None | bool | int | float | str | list[Any] | dict[str, Any]
"""Any value that `json.loads` can return."""


def canonical_json(value: object) -> str:
    """Text that is equal for equal data: sorted keys, no white space, non-ASCII kept."""
    return _CANONICAL.encode(value)


def digest(data: str | bytes) -> str:
    """A 128-bit BLAKE2b digest of the data, as 32 hexadecimal digits."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


def hasher(data: bytes) -> hashlib.blake2b:
    """What makes that digest of data to which more may be added."""
    return hashlib.blake2b(data, digest_size=16)


def same_value(one: Any, other: Any) -> bool:
    """Whether two values of JSON are equal, in the same order and of the same types: `False` says nothing.

    Many times faster than comparing their canonical forms.
    """
    written = written_value(one)
    return written is not None and written == written_value(other)


def written_value(value: Any) -> bytes | None:
    """Bytes that are equal for equal values in the same order; `None` for what is no JSON, or nests too deeply.

    Unlike `==`, they tell 1 from 1.0 and from true.
    """
    try:
        return marshal.dumps(value, _MARSHAL_FORMAT)
    except ValueError:
        return None


_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
"""Made once: `json.dumps` makes one for each value, which takes as long as writing a message."""
_MARSHAL_FORMAT: Final = 2
"""The last one whose bytes depend on the value alone: later formats also encode which objects are shared."""


def parse_json(text: str | bytes | None) -> Any:
    """The parsed JSON, or `None` where the text is not JSON (a body of `null` gives `None` too)."""
    if not text:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
