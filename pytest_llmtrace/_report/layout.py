"""Lines, and how text fits into their columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Final

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._report.clean import inert

CUT: Final = "…"
"""Stands for text that was left out."""
_FIRST: Final = 24
"""Columns of a terminal that the first column of a table has at least, before other columns are dropped."""
_NARROWEST: Final = 12
_MONEY: Final = expression(r"[<-]?\$[\d,]+(\.\d+)?")


@frozen
class Line:
    """One line of output, without its line end."""

    text: str
    markup: Mapping[str, bool] = field(default_factory=dict)
    """Keyword arguments of pytest's terminal writer: ``{"red": True, "bold": True}``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", inert(self.text))


def display_width(text: str) -> int:
    """How many columns a text takes on a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def cut_end(text: str, width: int) -> str:
    """The text, its end left out where it is wider than `width` columns."""
    if display_width(text) <= width:
        return text
    return _beginning(text, max(width - 1, 0)) + CUT


def cut_middle(text: str, width: int) -> str:
    """The text, its middle left out where it is wider: of a node id or path, both ends say something."""
    if display_width(text) <= width:
        return text
    head = max(width - 1, 0) // 3
    tail = max(width - 1, 0) - head
    return _beginning(text, head) + CUT + _beginning(text[::-1], tail)[::-1]


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text filled up with blanks to `width` columns, on its right or on its left."""
    blanks = " " * max(width - display_width(text), 0)
    return blanks + text if right else text + blanks


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken at blanks where there are any; its own lines are kept."""
    lines: list[str] = []
    for line in text.split("\n"):
        lines.extend(_folded(line, max(width, 8)))
    return lines


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int, indent: int = 0, droppable: Sequence[str] = ()
) -> list[str]:
    """Rows under a header: the first column to the left and cut to what is free, the others to the right.

    A column that is empty in all rows is left out. Of amounts of money the points stand below each other.

    Args:
        header: Names of the columns; a blank at the end tells two of one name apart.
        rows: Their cells.
        width: Columns of the terminal.
        indent: Blanks before each line.
        droppable: Names of columns that are left out, one after the other, where the table is too wide.
    """
    columns = [
        (name, _pointed([row[index] for row in rows]))
        for index, name in enumerate(header)
        if index == 0 or any(row[index] for row in rows)
    ]
    sizes, free = _sizes(columns, width - indent)
    for dropped in droppable:
        if free < min(sizes[0], _FIRST):
            columns = [one for number, one in enumerate(columns) if not number or one[0] != dropped]
            sizes, free = _sizes(columns, width - indent)
    first = max(min(sizes[0], free), _NARROWEST)
    lines = []
    for row in zip(*((name.strip(), *cells) for name, cells in columns), strict=True):
        padded = [pad(cut_middle(row[0], first), first)]
        padded += [pad(cell, size, right=True) for cell, size in zip(row[1:], sizes[1:], strict=True)]
        lines.append((" " * indent + "  ".join(padded)).rstrip())
    return lines


def plain_lines(texts: Iterable[str], **markup: bool) -> list[Line]:
    """Lines of one markup."""
    return [Line(text=text, markup=markup) for text in texts]


def _sizes(columns: Sequence[tuple[str, Sequence[str]]], width: int) -> tuple[list[int], int]:
    """The width of each column, and what the others leave for the first."""
    sizes = [max(display_width(cell) for cell in (name.strip(), *cells)) for name, cells in columns]
    return sizes, width - sum(size + 2 for size in sizes[1:])


def _pointed(cells: Sequence[str]) -> Sequence[str]:
    """Amounts of money with their points below each other; other cells as they are."""
    amounts = [cell for cell in cells if _MONEY.fullmatch(cell)]
    digits = max((len(cell.partition(".")[2]) for cell in amounts), default=0)
    if not digits or not all(cell in amounts or cell in ("", "?") for cell in cells):
        return cells
    return [_filled(cell, digits) if cell in amounts else cell for cell in cells]


def _filled(amount: str, digits: int) -> str:
    _whole, point, fraction = amount.partition(".")
    return amount + " " * (digits - len(fraction) + (not point))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _beginning(text: str, width: int) -> str:
    """As much of the beginning as fits."""
    if text.isascii():
        return text[:width]
    used = 0
    for index, character in enumerate(text):
        used += _columns(character)
        if used > width:
            return text[:index]
    return text


def _folded(line: str, width: int) -> list[str]:
    lines: list[str] = []
    start = 0
    while True:
        window = line[start : start + 4 * width]
        piece = _beginning(window, width)
        end = start + len(piece)
        if end >= len(line):
            return [*lines, line[start:]]
        blank = len(piece) if line[end] == " " else piece.rfind(" ")
        if blank <= len(piece) // 3 or not piece[:blank].strip():
            blank = len(piece)
        lines.append(piece[:blank].rstrip())
        start += blank
        while start < len(line) and line[start] == " ":
            start += 1
