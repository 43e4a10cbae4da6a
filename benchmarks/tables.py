"""What a case found: tables for the screen, and the same as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Cell = str | float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure with the bound that it is to keep."""

    what: str
    value: float
    limit: float
    unit: str = "x"
    noise: str = ""
    """The same of what does not differ (A/A)."""

    @property
    def met(self) -> bool:
        """Whether it does."""
        return self.value <= self.limit

    @property
    def measured(self) -> str:
        """As a person reads it."""
        return f"{figure(self.value)}{self.unit}"

    @property
    def bound(self) -> str:
        """As a person reads it."""
        return f"{figure(self.limit)}{self.unit}"

    def line(self) -> str:
        """As a person reads it."""
        noise = f"; A/A {self.noise}" if self.noise else ""
        return f"{'met' if self.met else 'MISSED':7}{self.what}: {self.measured} (goal: at most {self.bound}{noise})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What is told of a case where there is one line for it."""

    case: str
    floor: str
    ours: str
    noise: str = ""
    """What a ratio is where nothing differs."""
    peer: str = ""
    """The best of those that check the body."""
    goal: str
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a case."""

    title: str
    columns: tuple[str, ...]
    """The first is what a row is about."""
    rows: Sequence[Sequence[Cell]]
    goals: Sequence[Goal] = ()
    notes: Sequence[str] = field(default=())
    headlines: Sequence[Headline] = ()

    def lines(self) -> list[str]:
        """As a person reads it."""
        shown = [self.columns, *([shown_cell(cell) for cell in row] for row in self.rows)]
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
            "columns": list(self.columns),
            "rows": [[_rounded(cell) for cell in row] for row in self.rows],
            "goals": [
                {"what": one.what, "value": _rounded(one.value), "limit": _rounded(one.limit), "unit": one.unit}
                | {"noise": one.noise, "met": one.met}
                for one in self.goals
            ],
            "notes": list(self.notes),
            "headlines": [asdict(one) for one in self.headlines],
        }


def figure(value: float) -> str:
    """Three digits that count."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def spread(values: Sequence[float]) -> str:
    """The least and the greatest."""
    if not values:
        return ""
    least, most = f"{min(values):.2f}", f"{max(values):.2f}"
    return least if least == most else f"{least}-{most}"


def shown_cell(cell: Cell) -> str:
    """As a person reads it."""
    return "" if cell is None else cell if isinstance(cell, str) else figure(float(cell))


def _rounded(cell: Cell) -> Cell:
    """Four digits that count."""
    return float(f"{cell:.4g}") if isinstance(cell, float) else cell
