"""Placeholders in a trace: where they stand, and the same trace with others in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.personal.placeholders import Rename, renamed
from pytest_llmtrace._model.trace import Trace


def trace_texts(trace: Trace) -> Iterator[str]:
    """The texts of a trace, entry by entry; of messages that come again, once."""
    seen: set[int] = set()
    for entry in trace.entries:
        yield from _texts(entry, seen)


def renamed_trace(trace: Trace, rename: Rename) -> Trace:
    """The trace with others in the place of its placeholders. Each distinct message is made once and shared."""
    made: dict[int, Message] = {}
    return replace(trace, entries=tuple(_renamed(entry, rename, made) for entry in trace.entries))


def _texts(value: Any, seen: set[int]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Message):
        if id(value) not in seen:
            seen.add(id(value))
            yield from _texts(dict(value), seen)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key, seen)
            yield from _texts(item, seen)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item, seen)
    elif is_dataclass(value):
        for one in fields(value):
            yield from _texts(getattr(value, one.name), seen)


def _renamed(value: Any, rename: Rename, made: dict[int, Message]) -> Any:
    if isinstance(value, str):
        return renamed(value, rename)
    if isinstance(value, Message):
        if id(value) not in made:
            fresh = _renamed(dict(value), rename, made)
            made[id(value)] = value if fresh == value else Message(fresh)
        return made[id(value)]
    if isinstance(value, Mapping):
        return {_renamed(key, rename, made): _renamed(item, rename, made) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_renamed(item, rename, made) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        own = {one.name: getattr(value, one.name) for one in fields(value) if one.init}
        changed = {name: new for name, old in own.items() if (new := _renamed(old, rename, made)) is not old}
        return replace(value, **changed) if changed else value
    return value
