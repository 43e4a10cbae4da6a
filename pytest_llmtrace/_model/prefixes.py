"""How many messages two histories begin with in common; what they share is told at the speed of C."""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import Final

from pytest_llmtrace._model.messages import Message

_CHUNK: Final = 128
"""Messages that are looked at in one go."""


def common_prefix(first: Sequence[Message], second: Sequence[Message]) -> int:
    """How many messages two histories begin with in common."""
    length, shortest = shared_prefix(first, second), min(len(first), len(second))
    while length < shortest and (first[length] is second[length] or first[length].digest == second[length].digest):
        length += 1
    return length


def shared_prefix(first: Sequence[object], second: Sequence[object]) -> int:
    """How many items two sequences begin with that are not just equal but the same objects."""
    shortest = min(len(first), len(second))
    if not shortest or first[0] is not second[0]:
        return 0
    if all(map(is_, first, second)):
        return shortest
    for start in range(0, shortest, _CHUNK):
        here, there = first[start : start + _CHUNK], second[start : start + _CHUNK]
        if not all(map(is_, here, there)):
            return start + next(
                at for at, (one, other) in enumerate(zip(here, there, strict=False)) if one is not other
            )
    return shortest
