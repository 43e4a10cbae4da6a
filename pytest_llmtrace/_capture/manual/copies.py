"""Copies of whatever an application hands over, as plain data that no later change reaches."""

from __future__ import annotations

import dataclasses
import enum
import math
import re
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any, Final

from pytest_llmtrace._model.canonical import Json, canonical_json, digest


def copied(value: Any, *, opened: bool = False) -> Json:
    """The value as JSON-like data, equal from run to run: never an address in memory, sets in order. Never raises.

    Data classes, pydantic and attrs models, named tuples and enumerations are data. Any other object is its own
    `str`, or ``<Type>`` where it has none.

    Args:
        value: Anything.
        opened: Whether an object with the attributes of an answer is data too: an SDK's, or what imitates one.
    """
    return _Copy(opened=opened).of(value, 0)


def error_text(error: BaseException) -> str:
    """An exception in a line: its type, and what it says."""
    try:
        text = _ADDRESS.sub("", str(error))
    except Exception:  # noqa: BLE001 - its `__str__` is the application's
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class _Copy:
    """One copy in the making. Bounded in depth and size: an object may lead to the whole application."""

    def __init__(self, *, opened: bool) -> None:
        self._opened = opened
        self._left = _MOST
        self._above: set[int] = set()

    def of(self, value: Any, depth: int) -> Json:
        kind = type(value)
        if value is None or kind is str or kind is int or kind is bool:
            return value  # type: ignore[no-any-return]
        if kind is float:
            return value if math.isfinite(value) else str(value)
        if depth == _DEEPEST or self._left == 0 or id(value) in self._above:
            return _named(value)
        self._left -= 1
        self._above.add(id(value))
        try:
            return self._copy(value, depth + 1)
        except Exception:  # noqa: BLE001 - properties, `__str__` and iteration are the application's
            return _named(value)
        finally:
            self._above.discard(id(value))

    def _copy(self, value: Any, depth: int) -> Json:
        simple = _simple(value)
        if simple is not value:
            return self.of(simple, depth)
        if isinstance(value, Mapping):
            return {self._key(name): self.of(item, depth) for name, item in list(value.items())}
        if isinstance(value, AbstractSet):
            return sorted((self.of(item, depth) for item in list(value)), key=canonical_json)
        if isinstance(value, list | tuple | deque) and not hasattr(value, "_fields"):
            return [self.of(item, depth) for item in list(value)]
        fields = _fields(value, opened=self._opened)
        if fields is not None:
            return {name: self.of(item, depth) for name, item in fields.items()}
        return _text(value)

    def _key(self, name: object) -> str:
        if isinstance(name, enum.Enum):
            name = name.value
        return name if type(name) is str else str(name) if isinstance(name, str | int | float) else _text(name)


def _simple(value: Any) -> Any:
    """What a simple value is without the type that was made of it; the value itself where it is not simple."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return _binary(bytes(value))
    return error_text(value) if isinstance(value, BaseException) else value


def _fields(value: Any, *, opened: bool) -> dict[str, Any] | None:
    """The fields of an object that is data; `None` for another."""
    kind = type(value)
    if isinstance(value, _CODE):
        return None
    if dataclasses.is_dataclass(kind):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(kind)}
    declared = getattr(kind, "__attrs_attrs__", None)
    if declared is not None:
        return {field.name: getattr(value, field.name) for field in declared}
    if isinstance(value, tuple):
        return dict(zip(value._fields, value, strict=True))  # type: ignore[attr-defined]  # a named one
    if isinstance(value, SimpleNamespace) or hasattr(kind, "__pydantic_fields__") or hasattr(kind, "__fields__"):
        extra = getattr(value, "__pydantic_extra__", None)
        return _public({**vars(value), **(extra if isinstance(extra, dict) else {})})
    return _attributes(value) if opened else None


def _attributes(value: Any) -> dict[str, Any] | None:
    """The attributes of an object that has any that answers have, its class's among them; `None` for another object.

    Only those properties are read that answers have: others may be work.
    """
    found: dict[str, Any] = {}
    for base in reversed(type(value).__mro__[:-1]):
        for name, item in vars(base).items():
            if not name.startswith("_") and not callable(item) and (name in _ANSWERS or not hasattr(item, "__get__")):
                found[name] = getattr(value, name, None)
    found.update(getattr(value, "__dict__", {}))
    return None if _ANSWERS.isdisjoint(found) else _public(found)


def _public(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in fields.items() if not name.startswith("_") and not isinstance(item, _CODE)}


def _text(value: Any) -> str:
    """An object as its own text; a default `repr` says nothing but an address."""
    kind = type(value)
    if isinstance(value, _CODE):
        return f"<{getattr(value, '__qualname__', None) or getattr(value, '__name__', kind.__name__)}>"
    if not any("__str__" in vars(base) or "__repr__" in vars(base) for base in kind.__mro__[:-1]):
        return _named(value)
    return _ADDRESS.sub("", str(value))


def _named(value: object) -> str:
    return f"<{type(value).__name__}>"


def _binary(value: bytes) -> Json:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"type": "file", "digest": digest(value), "bytes": len(value)}


_CODE: Final = (FunctionType, MethodType, BuiltinFunctionType, ModuleType, type)
_ADDRESS: Final = re.compile(r" (?:object )?at 0x[0-9a-fA-F]+")
_ANSWERS: Final = frozenset({
    "arguments", "candidates", "candidates_token_count", "choices", "completion_tokens", "content", "delta",
    "embedding", "embeddings", "eval_count", "finish_reason", "function", "input_tokens", "message", "output",
    "output_text", "output_tokens", "parts", "prompt_eval_count", "prompt_token_count", "prompt_tokens",
    "response", "role", "stop_reason", "text", "tool_calls", "usage", "usage_metadata",
})  # fmt: skip
"""Attributes of answers, and of their parts."""
_DEEPEST: Final = 40
_MOST: Final = 100_000
"""Containers and objects in one copy."""
