"""Data as YAML text for people: block style, flow style for what fits on a line, no line ever folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, Final

from pytest_llmtrace._model.bounds import DEEPEST_FILE
from pytest_llmtrace._model.canonical import written_value
from pytest_llmtrace._store import yaml_scalars
from pytest_llmtrace._store.nesting import is_too_deep

WIDTH: Final = 100
"""Columns up to which a collection goes on one line."""


class Block(dict[str, Any]):
    """A mapping that is written in block style, however short it is."""


class Repeated(Block):
    """One that many documents have, as tests of a module have their tools: its lines are made once in a process."""


def yaml_text(data: dict[str, Any]) -> str:
    """A document. Lists of mappings are always in block style; a list or mapping of little else fits on one line.

    Mapping keys are strings. Values that JSON does not know are written as their text.

    Raises:
        ValueError: the data nests too deeply.
    """
    if is_too_deep(data, DEEPEST_FILE):
        raise ValueError(f"nested deeper than {DEEPEST_FILE} levels")
    lines: list[str] = []
    _entries(data, 0, lines)
    return "".join([f"{line}\n" for line in lines])


def _entries(data: dict[str, Any], indent: int, lines: list[str]) -> None:
    """Add the lines of a block mapping."""
    if not isinstance(data, Repeated):
        _members(data, indent, lines)
        return
    written = written_value((indent, dict(data)))
    if written is None:
        _members(data, indent, lines)
        return
    known = _KNOWN.get(written)
    if known is None:
        known = []
        _members(data, indent, known)
        if len(_KNOWN) >= _MOST:
            _KNOWN.clear()
        _KNOWN[written] = known
    lines += known


def _members(data: dict[str, Any], indent: int, lines: list[str]) -> None:
    margin = " " * indent
    for key, value in data.items():
        name = yaml_scalars.one_line(str(key))
        if (
            type(value) is str and "\n" not in value and len(name) <= _LONGEST_KEY
        ):  # most are, and need no call for each
            lines.append(f"{margin}{name}: {yaml_scalars.one_line(value)}")
        elif len(name) > _LONGEST_KEY:
            lines.append(f"{margin}? {name}")
            _place(f"{margin}:", value, indent, lines)
        else:
            _place(f"{margin}{name}:", value, indent, lines)


def _place(head: str, value: Any, indent: int, lines: list[str]) -> None:
    """Add the lines of a value that follows `head`, the key of a mapping or the dash of a list at column `indent`."""
    if isinstance(value, str):
        several = yaml_scalars.block(value, indent + 2) if "\n" in value else None
        if several is None:
            lines.append(f"{head} {yaml_scalars.one_line(value)}")
        else:
            lines.append(f"{head} {several[0]}")
            lines += several[1:]
    elif not isinstance(value, (dict, list, tuple)):
        lines.append(f"{head} {_scalar(value, flow=False)}")
    elif _may_flow(value) and (flow := _flow(value, WIDTH - len(head))) is not None:
        lines.append(f"{head} {flow}")
    else:
        lines.append(head)
        if isinstance(value, dict):
            _entries(value, indent + 2, lines)
        else:
            _items(value, indent, lines)


def _items(values: Sequence[Any], indent: int, lines: list[str]) -> None:
    """Add the lines of a block list, its dashes at column `indent`."""
    margin = " " * indent
    for value in values:
        if isinstance(value, dict) and value:
            begins = len(lines)
            _entries(value, indent + 2, lines)
            lines[begins] = f"{margin}- {lines[begins][indent + 2 :]}"
        elif isinstance(value, (list, tuple)) and (not _is_flat(value) or _flow(value, WIDTH - indent - 2) is None):
            lines.append(f"{margin}-")
            _items(value, indent + 2, lines)
        else:
            _place(f"{margin}-", value, indent, lines)


def _may_flow(value: dict[str, Any] | Sequence[Any]) -> bool:
    """Whether a collection may stand on one line, if it fits."""
    if isinstance(value, dict):
        return not (value and isinstance(value, Block))
    return _is_flat(value)


def _is_flat(values: Sequence[Any]) -> bool:
    return not any(isinstance(item, dict) for item in values)


def _flow(value: Any, room: int) -> str | None:
    """A value in flow style, or `None` where it is too long or has text of several lines."""
    if room < _SHORTEST_FLOW or (isinstance(value, str) and (len(value) > room or "\n" in value)):
        return None
    if isinstance(value, dict):
        text = _flow_parts(
            ((f"{yaml_scalars.one_line(str(key), flow=True)}: ", part) for key, part in value.items()), room
        )
        return None if text is None else f"{{{text}}}"
    if isinstance(value, (list, tuple)):
        text = _flow_parts(zip(repeat(""), value, strict=False), room)
        return None if text is None else f"[{text}]"
    text = _scalar(value, flow=True)
    return text if len(text) <= room else None


def _flow_parts(parts: Iterable[tuple[str, Any]], room: int) -> str | None:
    """Keys and values of a collection with commas between them; given up as soon as they are too long."""
    made: list[str] = []
    left = room - len("{}")
    for key, value in parts:
        text = str(value) if type(value) is int else _flow(value, left - len(key))
        if text is None or len(key) + len(text) > left:
            return None
        made.append(f"{key}{text}")
        left -= len(made[-1]) + len(", ")
    return ", ".join(made)


def _scalar(value: Any, *, flow: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return yaml_scalars.number(value)
    return yaml_scalars.one_line(str(value), flow=flow)


_LONGEST_KEY: Final = 500
"""Characters. Readers give up looking for the colon after 1024."""
_SHORTEST_FLOW: Final = 1
_MOST: Final = 256
"""Mappings whose lines are remembered."""
_KNOWN: Final[dict[bytes, list[str]]] = {}
"""The lines of mappings that many documents have, by indentation and value."""
