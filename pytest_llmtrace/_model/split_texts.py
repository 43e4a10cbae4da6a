"""Texts that a stream brings in pieces: what is found in them as a whole is replaced in the pieces.

The events stay as many as they were. What takes the place of something stands in the piece in which that began; the
others lose their share of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

Edit = tuple[int, int, str]
"""From, to, and what takes the place."""
Edits = Callable[[str], Sequence[Edit]]


@dataclass(slots=True)
class _Piece:
    """A text in an event."""

    line: int
    holder: Any
    """The object or list that it is in."""
    place: Any
    """Its key or position there."""
    text: str


def with_edits(lines: Sequence[str], edits: Edits) -> list[str]:
    """The lines of a stream, with edits made in what its pieces are together."""
    documents = {number: data for number, line in enumerate(lines) if (data := _document(line)) is not None}
    channels: dict[Hashable, list[_Piece]] = {}
    for number, data in documents.items():
        for channel, piece in _pieces(data, number, (), ()):
            channels.setdefault(channel, []).append(piece)
    changed: set[int] = set()
    for pieces in channels.values():
        if len(pieces) > 1 and len({one.text for one in pieces}) > 1:  # else it is said anew each time: an id, a model
            changed |= _edited(pieces, edits)
    return [_line(line, documents[number]) if number in changed else line for number, line in enumerate(lines)]


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text with the edits made; they are in order, and none overlaps another."""
    pieces, done = list[str](), 0
    for start, end, instead in edits:
        pieces += (text[done:start], instead)
        done = end
    return "".join((*pieces, text[done:])) if pieces else text


def _edited(pieces: Sequence[_Piece], edits: Edits) -> set[int]:
    """Make the edits in the pieces. Returns the numbers of their lines."""
    found = edits("".join(one.text for one in pieces))
    changed, start = set[int](), 0
    for piece in pieces if found else ():
        end = start + len(piece.text)
        own = [
            (max(begin, start) - start, min(over, end) - start, instead if begin >= start else "")
            for begin, over, instead in found
            if begin < end and over > start
        ]
        if own:
            piece.holder[piece.place] = applied(piece.text, own)
            changed.add(piece.line)
        start = end
    return changed


def _pieces(
    data: Any, line: int, path: tuple[Hashable, ...], marks: tuple[Hashable, ...]
) -> Iterator[tuple[Hashable, _Piece]]:
    """The texts of an event, each with what it has in common with those that it goes on with in others.

    That is the way to it, and what says which of several choices, blocks and tool calls an event is about.
    """
    if isinstance(data, dict):
        own = tuple(
            (name, value) for name, value in sorted(data.items()) if name == "type" or _INDEX.search(name)
            if isinstance(value, (str, int))
        )  # fmt: skip
        items, marks = list(data.items()), (*marks, own)
    else:
        items = list(enumerate(data))
    for place, value in items:
        there = (*path, place if isinstance(data, dict) else None)
        if isinstance(value, str):
            yield (there, marks), _Piece(line, data, place, value)
        elif isinstance(value, (dict, list)):
            yield from _pieces(value, line, there, marks)


def _document(line: str) -> Any:
    """The JSON of an event or of a line; `None` where it has none."""
    start = line.find("{")
    if start < 0 or line[:start].strip() not in ("", "data:", ",", "["):
        return None
    try:
        return json.loads(line[start:])
    except (ValueError, RecursionError):
        return None


def _line(line: str, data: Any) -> str:
    return line[: line.find("{")] + json.dumps(data, ensure_ascii=False, separators=(",", ":"))


_INDEX: Final = re.compile(r"(?:^|_)index$|[a-z]Index$")
