"""Typed access to the mappings of a golden file, with errors that say which key is wrong, and on which line."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pytest_llmtrace._model.canonical import Json
from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.yaml_reader import Document

Default = TypeVar("Default")
_REQUIRED: Final = object()
MOST: Final = 10**18
"""What no amount and no count is beyond: arithmetic with larger ones fails, or loses what is added to them."""


class Section:
    """One mapping of the file."""

    def __init__(self, document: Document, data: Json, name: str, keys: tuple[str, ...]) -> None:
        """Args: document: the file. data: the mapping. name: what it is called in errors. keys: those it may have.

        Raises:
            Fault: it is no mapping, or has another key.
        """
        self._line = document.line(data)
        self._name = name
        self.document = document
        if not isinstance(data, dict):
            raise Fault(f"{name} must be a mapping, not {data!r}")
        unknown = [key for key in data if key not in keys]
        if unknown:
            raise self.fault(f"{name} has the unknown key `{unknown[0]}` (known: {', '.join(keys)})")
        self.data = data

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def fault(self, what: str) -> Fault:
        """An error about this mapping."""
        return Fault(what, self._line)

    def located(self, fault: Fault) -> Fault:
        """An error about a part of this mapping, with a line: at least the one on which the mapping begins."""
        return fault if fault.line is not None else Fault(fault.what, self._line)

    def text(self, key: str, default: Any = _REQUIRED) -> Any:
        """A string; the default where the key is missing, and where both are null."""
        return self._value(key, default, (str,), "text")

    def flag(self, key: str, *, default: bool) -> bool:
        """``true`` or ``false``."""
        return bool(self._value(key, default, (bool,), "true or false"))

    def count(self, key: str, default: int | None = None) -> int | None:
        """A whole number."""
        value: int | None = self._value(key, default, (int,), "a whole number")
        return value

    def amount(self, key: str) -> float | None:
        """A number, 0 or more, or `None`."""
        value = self._value(key, None, (int, float), "a number")
        if value is not None and not 0 <= value <= MOST:
            raise self.fault(f"`{key}` must be a number, 0 or more, not {value!r:.100}")
        return None if value is None else float(value)

    def mapping(self, key: str) -> dict[str, Any] | None:
        """A mapping, or `None`."""
        value: dict[str, Any] | None = self._value(key, None, (dict,), "a mapping")
        return value

    def items(self, key: str) -> list[Any]:
        """A list; empty where the key is missing."""
        value: list[Any] = self._value(key, [], (list,), "a list")
        return value

    def _value(self, key: str, default: Any, kinds: tuple[type, ...], expected: str) -> Any:
        if key not in self.data:
            if default is _REQUIRED:
                raise self.fault(f"{self._name} lacks the key `{key}`")
            return default
        value = self.data[key]
        if value is None and default is None:
            return None
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise self.fault(f"`{key}` must be {expected}, not {value!r}")
        return value
