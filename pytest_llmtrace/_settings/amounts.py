"""Amounts as people write them in options, ini values and markers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeVar

from pytest_llmtrace._model.limits import MaxGrowth, What
from pytest_llmtrace.errors import SettingsError

Parsed = TypeVar("Parsed")

WHATS: Final[tuple[What, ...]] = ("usd", "tokens", "calls")


def parse_amount(what: What, text: str) -> float:
    """The limit of a budget. Raises: SettingsError with the value and the way out."""
    return parse_usd(text) if what == "usd" else parse_count(text, what)


def parse_usd(text: str) -> float:
    """``0.50`` or ``$0.50`` as 0.5. Raises: SettingsError with the value and the way out."""
    value = _number(text.strip().removeprefix("$"))
    if value is None:
        raise SettingsError(f"{text!r} is not an amount of US dollars; write for example 0.50")
    return value


def parse_count(text: str, noun: str) -> int:
    """``50000``, ``50_000`` or ``50,000`` as a number. Raises: SettingsError with the value and the way out."""
    digits = text.strip().replace("_", "").replace(",", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > MOST_DIGITS:
        raise SettingsError(f"{text!r} is not a number of {noun}; write for example 50000")
    return int(digits)


def parse_growth(text: str, source: str | None = None) -> MaxGrowth:
    """``10%`` for tokens and dollars alike, or ``tokens:10%,usd:25%``. Raises: SettingsError with value and way out."""
    if ":" not in text:
        share = _share(text)
        return MaxGrowth(usd=share, tokens=share, source=source)
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, share_text = (one.strip() for one in part.partition(":"))
        if name not in {"usd", "tokens"} or name in found:
            raise SettingsError(
                f"{text!r}: {part.strip()!r} is not possible; write for example 10%, or tokens:10%,usd:25%"
            )
        found[name] = _share(share_text)
    return MaxGrowth(usd=found.get("usd"), tokens=found.get("tokens"), source=source)


def _share(text: str) -> float:
    stripped = text.strip()
    value = _number(stripped.removesuffix("%"))
    if value is None or not stripped.endswith("%"):
        raise SettingsError(f"{text!r} is not a percentage; write for example 10%")
    return value / 100


def limit_problem(what: What, value: object) -> str | None:
    """Why a value of a marker or of pyproject.toml cannot be a limit; `None` where it can."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        return "must be a number, 0 or more"
    return None if what == "usd" or value == int(value) else "must be a whole number"


def parsed(source: str, parse: Callable[[], Parsed]) -> Parsed:
    """What a setting comes to. Raises: SettingsError that names the setting, too."""
    try:
        return parse()
    except SettingsError as error:
        raise SettingsError(f"{source}: {error}") from None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < math.inf else None


MOST_DIGITS: Final = 18
"""Of a count that somebody may mean."""
