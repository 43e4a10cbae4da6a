"""What all owners of a run used, paid and grew by, added up one owner after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.amounts import totals_data, totals_from
from pytest_llmtrace._report.document.attempts import Owner
from pytest_llmtrace._report.document.growth import golden_amounts, growth_of_all

Row = TypeVar("Row", bound=Mapping[str, Any])
PARTS: Final = ("model", "agent", "source")
"""What rows are broken down by."""


class Sums:
    """The sums of the owners so far."""

    def __init__(self) -> None:
        self.amounts = Totals()
        """What the last attempts used and cost."""
        self.paid = Totals()
        """What all attempts paid, as totals whose unpriced calls are the live ones."""
        self._parts: dict[str, dict[str, Totals]] = {part: {} for part in PARTS}
        self._compared = 0
        self._golden, self._observed = Totals(), Totals()

    def add(self, owner: Owner) -> None:
        """Take in the next one."""
        amounts = owner.amounts
        self.amounts += amounts
        self.paid += owner.live
        for part, sums in self._parts.items():
            for row in owner.rows(f"{part}s"):
                _count(sums, row, part)
        golden = golden_amounts(owner)
        if golden is not None and not owner.stopped:
            self._compared += 1
            self._golden += golden
            self._observed += amounts

    def rows(self, part: str) -> list[dict[str, Any]]:
        """The amounts by name, the dearest first; an unknown cost sorts by the part that is known."""
        return _dearest_first([{part: name, **totals_data(one)} for name, one in self._parts[part].items()], part)

    @property
    def growth(self) -> dict[str, Any] | None:
        """Against the golden traces, where there were any to compare with."""
        return growth_of_all(self._compared, self._golden, self._observed)


def rows_of_owner(owner: Owner, part: str) -> Sequence[Mapping[str, Any]]:
    """The same for one owner."""
    rows = owner.rows(f"{part}s")
    if len(owner.last) == 1:  # each name is there once
        return _dearest_first(list(rows), part)
    sums: dict[str, Totals] = {}
    for row in rows:
        _count(sums, row, part)
    return _dearest_first([{part: name, **totals_data(one)} for name, one in sums.items()], part)


def _count(sums: dict[str, Totals], row: Mapping[str, Any], part: str) -> None:
    known = sums.get(row[part])
    sums[row[part]] = totals_from(row) if known is None else known + totals_from(row)


def _dearest_first(rows: list[Row], part: str) -> list[Row]:
    return sorted(rows, key=lambda row: (-row["priced_usd"], row[part]))
