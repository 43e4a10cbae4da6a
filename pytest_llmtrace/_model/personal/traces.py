"""Placeholders in a trace: where they stand, and the same trace with others in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import chain
from operator import attrgetter
from typing import Any, Final

from pytest_llmtrace._model.canonical import written_value
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.personal.placeholders import Rename, renamed
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._model.usage import Usage


def trace_texts(trace: Trace) -> list[str]:
    """The texts of a trace, entry by entry; of what calls have in common (messages, tools), once."""
    return _texts(trace.entries)


def _texts(values: Iterable[Any]) -> list[str]:
    found: list[str] = []
    seen: set[int] = set()
    """What was taken apart, by identity: the trace holds it, so nothing else can have that meanwhile."""
    inside: list[Iterator[Any]] = [iter(values)]
    while inside:
        for one in inside[-1]:
            kind = type(one)
            if kind is str:
                found.append(one)
            elif kind is _Texts:
                found += one
            elif kind is Message and _TEXT.issuperset(map(type, one.values())):  # as most are
                if id(one) not in seen:
                    seen.add(id(one))
                    found += chain.from_iterable(one.items())
            elif kind not in _WITHOUT_TEXTS and id(one) not in seen:
                seen.add(id(one))
                inside.append(iter(_parts(one) if kind is not LLMCall else _parts_of_call(one, seen)))
                break
        else:
            inside.pop()
    return found


def renamed_trace(trace: Trace, rename: Rename) -> Trace:
    """The trace with others in the place of its placeholders. Each distinct message is made once and shared."""
    made: dict[int, Message] = {}
    return replace(trace, entries=tuple(_renamed(entry, rename, made) for entry in trace.entries))


def _parts_of_call(call: LLMCall, seen: set[int]) -> Iterable[Any]:
    """The fields of a call in their order, its tools as their texts."""
    tools = call.tools
    told = (_texts_of_tools(tools),) if id(tools) not in seen else ()
    seen.add(id(tools))
    return chain(_before_tools(call), told, _after_tools(call))


class _Texts(list[str]):
    """Texts that were found already."""


def _texts_of_tools(tools: tuple[Mapping[str, Any], ...]) -> _Texts:
    """The tests of a module offer the same tools, which are known by their written value, and taken apart once."""
    written = written_value(tools)
    if written is None:
        return _Texts(_texts(tools))
    known = _OF_TOOLS.get(written)
    if known is None:
        if len(_OF_TOOLS) >= _MOST:
            _OF_TOOLS.clear()
        known = _OF_TOOLS[written] = _Texts(_texts(tools))
    return known


def _parts(value: Any) -> Iterable[Any]:
    kind = type(value)
    parts = _FIELDS.get(kind)
    if parts is not None:
        return parts(value)
    if isinstance(value, (dict, Mapping)):  # asked about a class of Python's own first, which takes a tenth of the time
        return chain.from_iterable(value.items())
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, str):
        return (str(value),)
    names = [one.name for one in fields(kind)] if is_dataclass(kind) else []
    if not names:
        return ()
    # With one name, `attrgetter` gives no tuple.
    _FIELDS[kind] = attrgetter(*names) if len(names) > 1 else lambda one: (getattr(one, names[0]),)
    return _FIELDS[kind](value)


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


_TEXT: Final = frozenset({str})
_WITHOUT_TEXTS: Final = frozenset({type(None), bool, int, float, Usage})
_NAMES: Final = [one.name for one in fields(LLMCall)]
_before_tools: Final = attrgetter(*_NAMES[: _NAMES.index("tools")])
_after_tools: Final = attrgetter(*_NAMES[_NAMES.index("tools") + 1 :])
_OF_TOOLS: Final[dict[bytes, _Texts]] = {}
"""The texts of lists of tools, by their written value."""
_MOST: Final = 64
_FIELDS: Final[dict[type, Callable[[Any], Sequence[Any]]]] = {}
"""What gives the fields of a dataclass, of which there are few."""
