"""How deep data may nest in a cassette file, so that no reader runs out of stack."""

from __future__ import annotations

from typing import Any, Final

from pytest_llmtrace._model.bounds import DEEPEST
from pytest_llmtrace._model.canonical import Json


def is_too_deep(value: Json, limit: int = DEEPEST) -> bool:
    """Whether mappings and lists nest deeper than the limit. Does not recurse."""
    level: list[Any] = [value] if isinstance(value, _COLLECTIONS) else []
    for _ in range(limit):
        if not level:
            return False
        level = [
            part
            for whole in level
            for part in (whole.values() if isinstance(whole, dict) else whole)
            if type(part) is not str and isinstance(part, _COLLECTIONS)  # nearly all are texts
        ]
    return bool(level)


_COLLECTIONS: Final = (dict, list, tuple)
