"""Spans as values, before anybody writes or sends them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["internal", "client"]

Attribute = bool | int | float | str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEvent:
    """Something that happened in a span."""

    name: str
    at: int
    """Nanoseconds since 1970."""
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One span: a test, a call of a model, or the execution of a tool."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    parent_id: str | None
    name: str
    kind: Kind
    begins: int
    """Nanoseconds since 1970."""
    ends: int
    attributes: Mapping[str, Attribute]
    events: tuple[SpanEvent, ...] = ()
    error: str | None = None
    """What went wrong; `None` where nothing did."""


def digits(text: str, number: int) -> str:
    """So many hexadecimal digits of a text's digest, never all zero, which means no id."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[: number - 1] + "1"
