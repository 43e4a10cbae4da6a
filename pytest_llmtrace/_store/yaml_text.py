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
    lines: list[str] = []
    _members(data, 0, lines, DEEPEST_FILE)
    lines.append("")
    return "\n".join(lines)


# `left`: how many levels a value may have. Types are looked at first: most values are plain, and that is no call.


def _members(data: dict[str, Any], indent: int, lines: list[str], left: int) -> None:
    """Add the lines of a block mapping."""
    if left < 1:
        raise ValueError(_TOO_DEEP)
    margin = " " * indent
    for key, value in data.items():
        name = yaml_scalars.KEYS[str(key)]
        if name is None:
            lines.append(f"{margin}? {yaml_scalars.one_line(str(key))}")
            _place(f"{margin}:", value, indent, lines, left)
        elif type(value) is str and "\n" not in value:
            lines.append(f"{margin}{name}: {yaml_scalars.one_line(value)}")
        else:
            _place(f"{margin}{name}:", value, indent, lines, left)


def _repeated(data: dict[str, Any], indent: int, lines: list[str], left: int) -> None:
    """The same of one whose lines are made once."""
    written = written_value((indent, left, dict(data)))
    known = _KNOWN.get(written) if written is not None else None
    if known is None:
        known = []
        _members(data, indent, known, left)
        if written is not None:
            if len(_KNOWN) >= _MOST:
                _KNOWN.clear()
            _KNOWN[written] = known
    lines += known


def _place(head: str, value: Any, indent: int, lines: list[str], left: int) -> None:
    """Add the lines of a value that follows `head`, the key of a mapping or the dash of a list at column `indent`."""
    kind = type(value)
    if kind is dict and value:
        flow = _flow(value, WIDTH - len(head))
    elif (kind is Repeated or kind is Block) and value:
        flow = None
    elif kind is float or kind is int:
        lines.append(f"{head} {yaml_scalars.number(value)}")
        return
    elif kind is not list and not issubclass(kind, (dict, list, tuple)):
        lines += _scalar_lines(head, value, indent)
        return
    elif not value:  # on this line, however little room there is
        flow = "{}" if issubclass(kind, dict) else "[]"
    else:
        flow = _flow(value, WIDTH - len(head)) if _may_flow(value) else None
    if flow is not None:
        if left <= WIDTH and is_too_deep(value, left - 1):  # else it cannot have so many levels on one line
            raise ValueError(_TOO_DEEP)
        lines.append(f"{head} {flow}")
        return
    lines.append(head)
    if kind is Repeated:
        _repeated(value, indent + 2, lines, left - 1)
    elif kind is not list and issubclass(kind, dict):
        _members(value, indent + 2, lines, left - 1)
    else:
        _items(value, indent, lines, left - 1)


def _scalar_lines(head: str, value: Any, indent: int) -> list[str]:
    if not isinstance(value, str):
        return [f"{head} {_scalar(value, flow=False)}"]
    several = yaml_scalars.block(value, indent + 2) if "\n" in value else None
    if several is None:
        return [f"{head} {yaml_scalars.one_line(value)}"]
    return [f"{head} {several[0]}", *several[1:]]


def _items(values: Sequence[Any], indent: int, lines: list[str], left: int) -> None:
    """Add the lines of a block list, its dashes at column `indent`."""
    if left < 1:
        raise ValueError(_TOO_DEEP)
    margin = " " * indent
    for value in values:
        kind = type(value)
        if value and (kind is dict or isinstance(value, dict)):
            begins = len(lines)
            (_repeated if kind is Repeated else _members)(value, indent + 2, lines, left - 1)
            lines[begins] = f"{margin}- {lines[begins][indent + 2 :]}"
        elif (
            value
            and isinstance(value, (list, tuple))
            and (not _is_flat(value) or _flow(value, WIDTH - indent - 2) is None)
        ):
            lines.append(f"{margin}-")
            _items(value, indent + 2, lines, left - 1)
        else:
            _place(f"{margin}-", value, indent, lines, left)


def _may_flow(value: dict[str, Any] | Sequence[Any]) -> bool:
    """Whether a collection may stand on one line, if it fits."""
    if isinstance(value, dict):
        return not (value and isinstance(value, Block))
    return _is_flat(value)


def _is_flat(values: Sequence[Any]) -> bool:
    if values and type(values[0]) is dict:
        return False
    return _WORDS.issuperset(map(type, values)) or not any(isinstance(item, dict) for item in values)


def _flow(value: Any, room: int) -> str | None:
    """A value in flow style, or `None` where it is too long or has text of several lines."""
    if room < _SHORTEST_FLOW or (isinstance(value, str) and (len(value) > room or "\n" in value)):
        return None
    if isinstance(value, dict):
        text = _flow_members(value, room)
        return None if text is None else f"{{{text}}}"
    if isinstance(value, (list, tuple)):
        text = _flow_items(value, room)
        return None if text is None else f"[{text}]"
    text = _scalar(value, flow=True)
    return text if len(text) <= room else None


def _flow_members(value: dict[str, Any], room: int) -> str | None:
    names = yaml_scalars.FLOW
    if not (len(value) <= room and _AMOUNTS.issuperset(map(type, value.values()))):
        return _flow_parts(((f"{names[str(key)]}: ", part) for key, part in value.items()), room)
    made = [
        f"{names[str(key)]}: {part if type(part) is int else yaml_scalars.number(part)}" for key, part in value.items()
    ]
    return _if_fits(", ".join(made), room)


def _flow_items(values: Sequence[Any], room: int) -> str | None:
    if not (len(values) <= room and _WORDS.issuperset(map(type, values))):
        return _flow_parts(zip(repeat(""), values, strict=False), room)
    if sum(map(len, values)) > room or "\n" in "".join(values):  # no word gets shorter
        return None
    return _if_fits(", ".join([yaml_scalars.FLOW[word] for word in values]), room)


def _if_fits(inside: str, room: int) -> str | None:
    return inside if not inside or len(inside) + len("{}") <= room else None


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


_TOO_DEEP: Final = f"nested deeper than {DEEPEST_FILE} levels"
_SHORTEST_FLOW: Final = 1
_WORDS: Final = frozenset({str})
_AMOUNTS: Final = frozenset({int, float})
"""Types of what lists and mappings nearly always hold that stand on one line: they are written in one go."""
_MOST: Final = 256
"""Mappings whose lines are remembered."""
_KNOWN: Final[dict[bytes, list[str]]] = {}
"""The lines of mappings that many documents have, by indentation and value."""
