"""The result of the fault suite: a row per fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of fault."""

    fault: str
    tried: int
    problems: Sequence[str] = ()
    """What did not hold, one text for each time."""
    lost: int = 0
    """Answers that were paid for and are gone, so that they were or would be paid for again."""

    @property
    def holds(self) -> bool:
        """Whether it was survived each time, and nothing was lost."""
        return not self.problems and not self.lost


def table(rows: Iterable[Row]) -> Iterator[str]:
    """The lines of the table."""
    cells = [(row.fault, str(row.tried), str(row.tried - len(row.problems)), str(row.lost)) for row in rows]
    head = ("fault", "tried", "survived", "lost")
    widths = [max(len(line[column]) for line in (head, *cells)) for column in range(4)]
    for name, *numbers in (head, *cells):
        yield "  ".join(
            [name.ljust(widths[0]), *(text.rjust(width) for text, width in zip(numbers, widths[1:], strict=True))]
        )
