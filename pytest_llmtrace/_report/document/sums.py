"""What all owners of a run used, paid and grew by, added up one owner after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_llmtrace._model.usage import Sum, Totals, Usage
from pytest_llmtrace._report.document.attempts import NOTHING, PARTS, Owner
from pytest_llmtrace._report.document.growth import golden_amounts, growth_of_all
from pytest_llmtrace._report.document.replays import Replay


class Sums:
    """The sums of the owners so far."""

    def __init__(self) -> None:
        self._amounts, self._paid = Sum(), Sum()
        self._parts: dict[str, dict[str, Sum]] = {part: {} for part in PARTS}
        self._compared = 0
        self._golden, self._observed = Sum(), Sum()
        self._alike: list[Replay] = []
        """Replays with the same names that came last, not added yet."""

    def add(self, owner: Owner) -> None:
        """Take in the next one."""
        self._add_alike()
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

    def add_replay(self, one: Replay) -> None:
        """Take in the next one, where it is a replay. Those that follow each other mostly add up to the same sums."""
        if self._alike and (one.model, one.agent) != (self._alike[0].model, self._alike[0].agent):
            self._add_alike()
        self._alike.append(one)

    def _add_alike(self) -> None:
        alike, self._alike = self._alike, []
        if not alike:
            return
        calls, usage = sum([one.calls for one in alike]), Usage.sum([one.usage for one in alike])
        usd, names = [one.usd for one in alike], {"model": alike[0].model, "agent": alike[0].agent, "source": "tape"}
        parts = (_sum_of(sums, names[part]) for part, sums in self._parts.items())
        for one in (self._amounts, *parts, self._observed):
            one.add_alike(calls, usage, usd)
        self._golden.add_alike(calls, usage, [one.golden_usd for one in alike])
        self._compared += len(alike)

    @property
    def amounts(self) -> Totals:
        """What the last attempts used and cost."""
        self._add_alike()
        return self._amounts.totals

    @property
    def paid(self) -> Totals:
        """What all attempts paid, as totals whose unpriced calls are the live ones."""
        return self._paid.totals

    def of(self, part: str) -> list[tuple[str, Totals]]:
        """The amounts by name, the dearest first; an unknown cost sorts by the part that is known."""
        self._add_alike()
        return dearest_first((name, one.totals) for name, one in self._parts[part].items())

    @property
    def growth(self) -> dict[str, Any] | None:
        """Against the golden traces, where there were any to compare with."""
        self._add_alike()
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
        _sum_of(sums, name).add(amounts)


def _sum_of(sums: dict[str, Sum], name: str) -> Sum:
    known = sums.get(name)
    if known is None:
        known = sums[name] = Sum()
    return known
