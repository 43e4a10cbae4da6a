"""Reading JSON that may hold anything: each function accepts any value, and none raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final


def mapping(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def mappings(value: object) -> list[dict[str, Any]]:
    """The objects among the elements of an array."""
    return [one for one in listed(value) if isinstance(one, dict)]


def text(value: object) -> str:
    """The value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """The value if it is a number of something, else 0: what nobody can have counted is none either."""
    if type(value) is int:
        return value if 0 <= value < _MOST else 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 <= value < _MOST else 0


def first(fields: Mapping[str, Any], *names: str) -> Any:
    """The first of several fields that is there and not null: providers and SDKs spell one thing in several ways."""
    for name in names:
        if (value := fields.get(name)) is not None:
            return value
    return None


_MOST: Final = 1e15
