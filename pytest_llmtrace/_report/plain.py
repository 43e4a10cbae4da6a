"""Any value as plain JSON data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

_DEEPEST: Final = 100
"""How deep data may nest: `json` and xdist's serialiser both recurse."""
_FAR: Final = 2**53
"""A bound within which any number is written as it is."""
_LONGEST_INT: Final = 4096
"""Bits of the largest integer that is written in decimals; Python refuses to print much longer ones."""


def plain(value: object) -> Any:
    """The value as `None`, bool, int, finite float, str, list and dict with str keys, of exactly those types.

    xdist's serialiser takes no subclass and no lone surrogate, `json` no NaN that others can read, no set and no date:
    whatever is neither becomes its `str`. Cycles, and what nests deeper than 100 levels, become ``…``.
    """
    if type(value) is str and value.isascii():
        return value
    return _plain(value, set())


def _plain(value: Any, above: set[int]) -> Any:
    kind = type(value)
    if value is None or kind is bool or (kind is str and value.isascii()):
        return value
    if kind is int or kind is float:
        return value if -_FAR < value < _FAR else _number(value)
    if kind is dict or kind is list or isinstance(value, (Mapping, list, tuple, set, frozenset)):
        if id(value) in above or len(above) >= _DEEPEST:
            return "…"
        above.add(id(value))
        try:
            return _container(value, above)
        finally:
            above.discard(id(value))
    if isinstance(value, (int, float)):
        return _number(value)
    return _text(value) if isinstance(value, str) else _odd(value)


def _container(value: Mapping[Any, Any] | Iterable[Any], above: set[int]) -> Any:
    if isinstance(value, (dict, Mapping)):
        return {
            key if type(key) is str and key.isascii() else _key(key): _plain(item, above) for key, item in value.items()
        }
    items = [_plain(item, above) for item in value]
    return sorted(items, key=repr) if isinstance(value, (set, frozenset)) else items


def _number(value: float) -> int | float | str:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        number = int.__int__(value)
        return number if number.bit_length() <= _LONGEST_INT else hex(number)
    return float.__float__(value) if math.isfinite(value) else str(float.__float__(value))


def _key(key: object) -> str:
    return _text(key) if isinstance(key, str) else _odd(key)


def _text(value: str) -> str:
    text = str.__str__(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _odd(value: object) -> str:
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "backslashreplace")
    try:
        return _text(str(value))
    except Exception:  # noqa: BLE001 - an object of the tested application: its `__str__` may do anything
        return f"<{type(value).__name__}>"
