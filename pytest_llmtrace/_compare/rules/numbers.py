"""Numbers that may differ a little: float noise, scores, timings."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from pytest_llmtrace._compare.differences.changes import Change
from pytest_llmtrace._compare.rules.names import is_name
from pytest_llmtrace._model.stand_ins import is_stand_in
from pytest_llmtrace.errors import SettingsError

PREFIX: Final = "number:"
_NUMBER: Final = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberTolerance:
    """By how much numbers may differ."""

    name: str
    """As it is written: ``number:0.01`` or ``number:1%``."""
    amount: float
    relative: bool
    """Whether the amount is a share of the larger number."""

    def near(self, golden: Any, observed: Any) -> bool:
        """Whether two values are equal but for numbers, in data or in text, that differ by no more than that."""
        if isinstance(golden, dict) and isinstance(observed, dict):
            return golden.keys() == observed.keys() and all(self.near(golden[key], observed[key]) for key in golden)
        if isinstance(golden, list) and isinstance(observed, list):
            return len(golden) == len(observed) and all(map(self.near, golden, observed))
        if isinstance(golden, str) and isinstance(observed, str):
            return self._near_texts(golden, observed)
        if _is_number(golden) and _is_number(observed):
            return self._near_numbers(float(golden), float(observed))
        return type(golden) is type(observed) and bool(golden == observed)

    def _near_texts(self, golden: str, observed: str) -> bool:
        if golden == observed:
            return True
        if is_stand_in(golden) or is_stand_in(observed):
            return False
        if _NUMBER.split(golden) != _NUMBER.split(observed):
            return False
        pairs = zip(_NUMBER.findall(golden), _NUMBER.findall(observed), strict=True)
        return all(self._near_numbers(float(one), float(other)) for one, other in pairs)

    def _near_numbers(self, golden: float, observed: float) -> bool:
        if self.relative:
            return math.isclose(golden, observed, rel_tol=self.amount, abs_tol=0.0)
        return golden == observed or abs(golden - observed) <= self.amount * (1 + 1e-9)  # 0.3 - 0.2 is 0.09999...


def number_tolerance(text: str) -> NumberTolerance:
    """``number:0.01`` is absolute, ``number:1%`` relative to the larger number. Raises: SettingsError."""
    value = text.removeprefix(PREFIX).strip()
    try:
        amount = float(value.removesuffix("%"))
    except ValueError:
        amount = -1.0
    if not (math.isfinite(amount) and amount > 0):
        raise SettingsError(
            f"normalize = {text!r}: not a tolerance; write {PREFIX}0.01 for a difference of 0.01, or {PREFIX}1% for a "
            "hundredth of the larger number"
        )
    relative = value.endswith("%")
    return NumberTolerance(name=text, amount=amount / 100 if relative else amount, relative=relative)


def near(change: Change, tolerances: Iterable[NumberTolerance]) -> bool:
    """Whether a change is one of numbers that are near enough to each other."""
    if change.golden is None or change.observed is None or change.place == "link" or is_name(change.kind, change.path):
        return False
    return any(one.near(change.golden, change.observed) for one in tolerances)


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
