"""Text of tests, models and tools in Markdown: it stays text, and becomes no markup, link, mention or table cell."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import CUT, cut_middle
from pytest_llmtrace._report.wording import plural

_WIDEST: Final = 200
"""Characters of a name or a line in inline code."""


def code(text: object, *, cell: bool = False) -> str:
    r"""Text as inline code, where neither markup nor HTML, links and mentions work; with `cell`, in a table.

    A backslash before a bar ends a table cell even in code, so such a text is written in character references.
    """
    line = cut_middle(clean_line(text), _WIDEST)
    if not line:
        return ""
    if cell and "\\|" in line:
        return f"<code>{''.join(_reference(character) for character in line)}</code>"
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    edge = " " if "`" in (line[0], line[-1]) else ""
    made = f"{fence}{edge}{line}{edge}{fence}"
    return made.replace("|", "\\|") if cell else made


def html_code(text: object) -> str:
    """The same inside a line of HTML, where Markdown does not work."""
    return f"<code>{html.escape(cut_middle(clean_line(text), _WIDEST))}</code>"


def fenced(lines: Sequence[str], indent: str = "", language: str = "") -> Iterator[str]:
    """A code block whose fence is longer than any run of backticks inside."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{indent}{fence}{language}"
    yield from (f"{indent}{line}" for line in lines)
    yield f"{indent}{fence}"


def folded(summary: str, lines: Iterable[str], *, shown: bool = False) -> Iterator[str]:
    """Lines that are unfolded by a click on the summary, which is HTML; with `shown`, they are unfolded already."""
    yield from ("", f"<details{' open' if shown else ''}><summary>{summary}</summary>", "")
    yield from lines
    yield from ("", "</details>")


def fitting(lines: Iterable[str], room: int, *, note: str) -> Iterator[str]:
    """The lines as far as they fit into so many bytes of UTF-8 (line ends included), and what was left out.

    They end where neither a code block nor something folded is open. Lines are held until it is known that they fit.

    Args:
        lines: The lines of a Markdown text.
        room: How many bytes there are.
        note: What stands at the end where lines were left out, after their number: where to find them.
    """
    room -= len(note.encode()) + _NOTE
    held: list[str] = []
    state = _Open()
    left_out = 0
    for line in lines:
        if left_out:
            left_out += 1
            continue
        held.append(line)
        state.take(line)
        room -= len(line.encode("utf-8", "backslashreplace")) + 1
        if room < 0:
            left_out = len(held)
        elif not line and state.closed:
            yield from held
            held = []
    if left_out:
        yield from ("", f"{CUT} {plural(left_out, 'line')} left out for want of room. {note}")
    else:
        yield from held


class _Open:
    """Which code block, and how many folded parts, are open after the lines so far."""

    def __init__(self) -> None:
        self._fence = ""
        self._folded = 0

    def take(self, line: str) -> None:
        marks = re.match("`{3,}", line.lstrip(" "))
        if self._fence:
            if line.strip() == self._fence:
                self._fence = ""
        elif marks:
            self._fence = marks.group()
        elif line.startswith("<details"):
            self._folded += 1
        elif line == "</details>":
            self._folded -= 1

    @property
    def closed(self) -> bool:
        return not self._fence and not self._folded


def _reference(character: str) -> str:
    return character if character.isalnum() or character in " /.:" else f"&#{ord(character)};"


_NOTE: Final = 80
"""Bytes of the sentence before the note."""
