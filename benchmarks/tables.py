"""What a case found: tables for the screen, and the same as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Cell = str | float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure with the bound that it is to keep."""

    what: str
    value: float
    limit: float
    unit: str = "x"

    @property
    def met(self) -> bool:
        """Whether it does."""
        return self.value <= self.limit

    def line(self) -> str:
        """As a person reads it."""
        word = "met" if self.met else "MISSED"
        return f"{word:7}{self.what}: {figure(self.value)}{self.unit} (goal: at most {figure(self.limit)}{self.unit})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a case."""

    title: str
    columns: tuple[str, ...]
    """The first is what a row is about."""
    rows: Sequence[Sequence[Cell]]
    goals: Sequence[Goal] = ()
    notes: Sequence[str] = field(default=())

    def lines(self) -> list[str]:
        """As a person reads it."""
        shown = [self.columns, *([_shown(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[at]) for row in shown) for at in range(len(self.columns))]
        made = [self.title, "=" * len(self.title)]
        for row in shown:
            cells = [
                cell.ljust(width) if not at else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            made.append("  ".join(cells).rstrip())
        return [*made, *self.notes, *(goal.line() for goal in self.goals), ""]

    def data(self) -> dict[str, Any]:
        """As a program reads it."""
        return {
            "title": self.title,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
            "goals": [{"what": one.what, "value": one.value, "limit": one.limit, "met": one.met} for one in self.goals],
            "notes": list(self.notes),
        }


def figure(value: float) -> str:
    """Three digits that count."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def spread(values: Sequence[float]) -> str:
    """The least and the greatest."""
    return f"{min(values):.2f}-{max(values):.2f}" if values else ""


def _shown(cell: Cell) -> str:
    return "" if cell is None else cell if isinstance(cell, str) else figure(float(cell))
