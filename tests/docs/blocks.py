"""The fenced blocks of the documentation, and what compares them with what is really printed."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^( *)```([\w-]*)([^\n`]*)\n(.*?)^\1```[ ]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block."""

    page: str
    """Relative to the repository."""
    line: int
    language: str
    text: str
    """Without the indentation of the list that it stands in."""

    @property
    def first(self) -> str:
        """Its first line."""
        return self.text.partition("\n")[0].strip()

    @property
    def commands(self) -> list[str]:
        """What a reader types: lines after a prompt, or all lines of a script."""
        lines = re.sub(r"\\\n *", "", self.text).splitlines()
        if self.language == "console":
            return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [line for line in lines if line.strip()]

    @property
    def output(self) -> str:
        """What a console shows after its one command."""
        return self.text.partition("\n")[2]


def pages() -> Iterator[Path]:
    """Every page that people read."""
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))
    for folder in ("docs", "examples"):
        yield from sorted((ROOT / folder).rglob("*.md"))


@cache
def blocks() -> tuple[Block, ...]:
    """All blocks, page by page."""
    return tuple(one for page in pages() for one in _blocks(page))


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    found = list(FENCED.finditer(text))
    assert len(re.findall(r"^ *```", text, re.MULTILINE)) == 2 * len(found), f"{page}: a block is not closed"
    for match in found:
        yield Block(
            page=page.relative_to(ROOT).as_posix(),
            line=text[: match.start()].count("\n") + 1,
            language=match[2],
            text=textwrap.dedent(match[4]) if match[1] else match[4],
        )


def block(page: str, first: str) -> Block:
    """The one block of a page that begins with a text."""
    (found,) = [one for one in blocks() if one.page == page and one.first.startswith(first)]
    return found


def shape(text: str) -> str:
    """A text without its numbers, and with the line ends and blanks of a terminal as one."""
    return re.sub(r"\s+", " ", re.sub(r"[-+$<]*\d[\d.,]*( %)?", "N", text)).strip()
