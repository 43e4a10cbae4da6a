"""What a kind of personal data is, for whom needs none of the patterns that find it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of data that is taken out of texts."""

    name: str
    """As placeholders have it: ``EMAIL``."""
    spans: Callable[[str], Iterator[Span]]
    """Where it occurs in a text: from, to."""
    plain: Callable[[str], str] = str
    """How every spelling of one value is written in one way."""
