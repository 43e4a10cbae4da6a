"""What a history holds: the columns of its tables, from which rows are checked, written and read.

No message, no answer, no tool argument, no name of a machine or a person: what is here may be shown to a whole team.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

Kind = Literal["text", "count", "flag", "seconds", "money", "moment"]
Row = Mapping[str, Any]

DECIMALS: Final = 12
"""Of US dollars: far below the price of a token."""
LONGEST_TEXT: Final = 2_000
"""Characters of a text."""
MOST: Final = 2**63 - 1
"""The largest number that a column holds."""
_DEAREST: Final = Decimal(10) ** 12
_SMALLEST: Final = Decimal(1).scaleb(-DECIMALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column."""

    name: str
    kind: Kind
    required: bool = True
    """Whether it is never unknown."""


def _columns(**kinds: str) -> tuple[Column, ...]:
    """Columns by name; a question mark after the kind: it may be unknown."""
    return tuple(
        Column(name=name, kind=kind.rstrip("?"), required=not kind.endswith("?"))  # type: ignore[arg-type]  # a test compares all of them with the tables
        for name, kind in kinds.items()
    )


_TOKENS: Final = _columns(
    input_tokens="count",
    output_tokens="count",
    cache_read_tokens="count",
    cache_write_tokens="count",
    reasoning_tokens="count",
    estimated="flag",
)
_AMOUNTS: Final = (
    *_columns(calls="count", live_calls="count"),
    *_TOKENS,
    *_columns(cost_usd="money?", priced_usd="money", unpriced_calls="count", live_cost_usd="money?"),
)
RUN: Final = (
    *_columns(
        run_id="text",
        project="text",
        started_at="moment",
        duration_s="seconds",
        commit_hash="text?",
        commit_time="moment?",
        branch="text?",
        dirty="flag?",
        change_url="text?",
        ci_url="text?",
        mode="text",
        whole="flag",
        outcome="text",
        plugin_version="text",
        tests="count",
    ),
    *_AMOUNTS,
)
"""`whole`: nothing was deselected; `change_url`: the pull or merge request; `cost_usd` is unknown where one price is,
and `priced_usd` is the part that is known."""
TEST: Final = (
    *_columns(number="count", nodeid="text", fixture="flag", outcome="text", mode="text", stopped="flag"),
    *_columns(duration_s="seconds?"),
    *_AMOUNTS,
)
"""`stopped`: it ended before it was done, or did not begin, so that its cost says nothing."""
FINDING: Final = _columns(type="text", kind="text", severity="text", count="count")
"""Findings of a test, counted; `kind` is that of a drift, else empty."""
CALL: Final = (
    *_columns(number="count", operation="text", provider="text", model="text", source="text", status="text"),
    *_columns(finish_reason="text?", error_type="text?", duration_s="seconds?"),
    *_TOKENS,
    *_columns(cost_usd="money?"),
)
"""`duration_s` of a call that went to a provider; of a replayed one it says nothing. `number`: from 1."""


def fitting(columns: tuple[Column, ...], row: Row) -> dict[str, Any]:
    """A row as it may stand in a file and in the tables. Raises: ValueError, which names what does not fit."""
    made: dict[str, Any] = {}
    for column in columns:
        value = row.get(column.name)
        if value is None and not column.required:
            made[column.name] = None
            continue
        try:
            made[column.name] = _CHECKS[column.kind](value)
        except (ValueError, TypeError, InvalidOperation):
            raise ValueError(f"{column.name} is {value!r:.80}, which is no {column.kind}") from None
    return made


def money(value: float | Decimal | str | None) -> str | None:
    """US dollars as an exact decimal with 12 places; `None` where they are not known.

    A float is taken for the shortest decimal that it can be written as: what was meant by it.
    """
    if value is None:
        return None
    try:
        amount = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    return f"{amount.quantize(_SMALLEST):f}" if amount.is_finite() and abs(amount) < _DEAREST else None


def moment(seconds: float | datetime | None) -> str | None:
    """A time, in UTC, in a form that sorts."""
    if seconds is None:
        return None
    at = seconds if isinstance(seconds, datetime) else datetime.fromtimestamp(seconds, UTC)
    return at.astimezone(UTC).strftime(MOMENT)


def plain_text(text: object) -> str:
    """A text that every database takes: no NUL, no lone surrogate, not longer than others."""
    found = str(text).replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    return found if len(found) <= LONGEST_TEXT else found[: LONGEST_TEXT - 1] + "…"


MOMENT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return plain_text(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return min(max(value, 0), MOST)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError
    return round(float(value), 3)


def _money(value: Any) -> str:
    found = money(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError
    return found


def _moment(value: Any) -> str:
    return datetime.strptime(value, MOMENT).replace(tzinfo=UTC).strftime(MOMENT)


_CHECKS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "text": _text,
    "count": _count,
    "flag": _flag,
    "seconds": _seconds,
    "money": _money,
    "moment": _moment,
}
