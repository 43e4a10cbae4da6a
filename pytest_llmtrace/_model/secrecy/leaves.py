"""The texts of a JSON document with the place of each in the document's own text, however damaged that is.

A parser would give the values and lose where they stand; what is replaced must leave every other byte as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

Path = tuple[str | None, ...]
"""The keys that lead to a text; `None` for a place in a list."""


@dataclass(slots=True)
class Leaf:
    """A text in a JSON document that is a value, no key."""

    start: int
    end: int
    """With its quotes."""
    text: str
    path: Path
    _around: tuple[dict[str, Hashable], ...]
    _places: tuple[str | int, ...]

    @property
    def place(self) -> str:
        """Where it stands: ``choices[0].message.content``."""
        made = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in self._places)
        return made.removeprefix(".")

    @property
    def channel(self) -> Hashable:
        """What this text has in common with those that it goes on with in other events of a stream.

        Its path, and all numbers that say which of several choices, blocks or tool calls an event is about.
        """
        return self.path, self._marks(self._around)

    @property
    def wide_channel(self) -> Hashable:
        """The same without the numbers and the type of the event itself, which may be others in each event."""
        return self.path, self._marks(self._around[1:])

    @staticmethod
    def _marks(around: tuple[dict[str, Hashable], ...]) -> Hashable:
        return tuple(tuple(sorted(marks.items())) for marks in around)


@dataclass(slots=True)
class _Open:
    """An object or a list that has begun."""

    is_object: bool
    marks: dict[str, Hashable] = field(default_factory=dict)
    key: str | None = None
    at: int = -1
    """Of a list: the position of what began last in it."""


def leaves(text: str) -> Iterator[Leaf]:
    """The texts of a document, in order."""
    found: list[Leaf] = []
    opened: list[_Open] = []
    for token in _TOKEN.finditer(text):
        kind = token[0][0]
        if kind == '"':
            value = _unquoted(token["text"])
            if token["colon"] and opened and opened[-1].is_object:
                opened[-1].key = value
                continue
            _count(opened)
            path = tuple(one.key if one.is_object else None for one in opened)
            _mark(opened, value)
            around = tuple(one.marks for one in opened)
            places = tuple((one.key or "") if one.is_object else one.at for one in opened)
            found.append(Leaf(*token.span("text"), value, path, around, places))
        elif kind in "{[":
            _count(opened)
            opened.append(_Open(kind == "{"))
        elif kind in "]}":
            del opened[-1:]
        elif opened and token["scalar"]:
            _count(opened)
            _mark(opened, token["scalar"], scalar=True)
    yield from found


def texts_of(value: Any) -> dict[Path, list[str]]:
    """The same texts of a document that was parsed, by the paths to them; those of one path are in the same order."""
    found: dict[Path, list[str]] = {}
    waiting: list[tuple[Path, Any]] = [((None,), [value])]
    for path, whole in waiting:  # and what is put behind it, level by level
        for key, part in whole.items() if isinstance(whole, dict) else ((None, part) for part in whole):
            if isinstance(part, str):
                found.setdefault((*path, key), []).append(part)
            elif isinstance(part, _COLLECTIONS):
                waiting.append(((*path, key), part))
    return found


def plain_texts(value: Any) -> tuple[list[str], bool]:
    """The same texts without their paths, in any order, and whether two may be of one path: a list has several members.

    Args:
        value: an object or a list, of what a parser makes.
    """
    found: list[str] = []
    waiting: list[Any] = [value]
    several = False
    for whole in waiting:
        if type(whole) is dict:
            parts: Any = whole.values()
        else:
            parts, several = whole, several or len(whole) > 1
        for part in parts:
            kind = type(part)
            if kind is str:
                found.append(part)
            elif kind is dict or kind is list:
                waiting.append(part)
    return found, several


def quoted(text: str) -> str:
    """A text as a JSON document holds it."""
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _count(opened: list[_Open]) -> None:
    """A value begins; in a list it is the next one."""
    if opened and not opened[-1].is_object:
        opened[-1].at += 1


def _mark(opened: list[_Open], value: str, *, scalar: bool = False) -> None:
    """Note what tells one part of a stream from another: which block it is about, and what kind of event it is."""
    here = opened[-1] if opened else None
    if here is None or not here.is_object or here.key is None:
        return
    if (INDEX.search(here.key) or here.key == "thought") if scalar else here.key == "type":
        here.marks[here.key] = value


def _unquoted(raw: str) -> str:
    if "\\" not in raw:
        return raw[1:-1]
    try:
        return str(json.loads(raw, strict=False))
    except ValueError:
        return raw[1:-1]


_TOKEN: Final = re.compile(
    r'(?P<text>"(?:[^"\\]|\\.)*")(?P<colon>\s*:)?|[{}\[\]]|(?P<scalar>-?[0-9][0-9.eE+-]*|true|false|null)', re.DOTALL
)
_COLLECTIONS: Final = (dict, list)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Bytes that are no UTF-8, or half a letter: neither can be written as it is."""
INDEX: Final = re.compile(r"(?:^|_)index$|[a-z]Index$")
