"""What all owners of a run used, paid and grew by, added up one owner after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_llmtrace._model.usage import Sum, Totals
from pytest_llmtrace._report.document.attempts import NOTHING, PARTS, Owner
from pytest_llmtrace._report.document.growth import golden_amounts, growth_of_all


class Sums:
    """The sums of the owners so far."""

    def __init__(self) -> None:
        self._amounts, self._paid = Sum(), Sum()
        self._parts: dict[str, dict[str, Sum]] = {part: {} for part in PARTS}
        self._compared = 0
        self._golden, self._observed = Sum(), Sum()

    def add(self, owner: Owner) -> None:
        """Take in the next one."""
        self._amounts.add(owner.amounts)
        if owner.live is not NOTHING:
            self._paid.add(owner.live)
        for part, sums in self._parts.items():
            _count(sums, owner.parts[part])
        golden = golden_amounts(owner)
        if golden is not None and not owner.stopped:
            self._compared += 1
            self._golden.add(golden)
            self._observed.add(owner.amounts)

    @property
    def amounts(self) -> Totals:
        """What the last attempts used and cost."""
        return self._amounts.totals

    @property
    def paid(self) -> Totals:
        """What all attempts paid, as totals whose unpriced calls are the live ones."""
        return self._paid.totals

    def of(self, part: str) -> list[tuple[str, Totals]]:
        """The amounts by name, the dearest first; an unknown cost sorts by the part that is known."""
        return dearest_first((name, one.totals) for name, one in self._parts[part].items())

    @property
    def growth(self) -> dict[str, Any] | None:
        """Against the golden traces, where there were any to compare with."""
        return growth_of_all(self._compared, self._golden.totals, self._observed.totals)


def parts_of_owner(owner: Owner, part: str) -> list[tuple[str, Totals]]:
    """The same for one owner."""
    found = list(owner.parts[part])
    if len(owner.last) > 1:  # else each name is there once
        sums: dict[str, Sum] = {}
        _count(sums, found)
        found = [(name, one.totals) for name, one in sums.items()]
    return dearest_first(found) if len(found) > 1 else found


def dearest_first(found: Iterable[tuple[str, Totals]]) -> list[tuple[str, Totals]]:
    """Amounts by name, sorted; an unknown cost sorts by the part that is known."""
    return sorted(found, key=lambda item: (-round(item[1].priced_usd, 12), item[0]))


def _count(sums: dict[str, Sum], found: Iterable[tuple[str, Totals]]) -> None:
    for name, amounts in found:
        known = sums.get(name)
        if known is None:
            known = sums[name] = Sum()
        known.add(amounts)
