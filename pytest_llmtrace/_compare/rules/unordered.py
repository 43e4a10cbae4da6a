"""Lists whose order does not count: at these paths they are compared as sets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from pytest_llmtrace._compare.differences.values import json_in, path_text, plain
from pytest_llmtrace._compare.rules.ignore import expression
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace.errors import SettingsError

PREFIX: Final = "unordered:"
_ROOTS: Final = ("messages[*]", "output", "params", "tools", "tool", "event")
_AT: Final = re.compile(r"messages\[\d+\]")


def unordered_path(text: str) -> str:
    """The path that ``unordered:output.tool_calls[*].arguments.tags`` names. Raises: SettingsError."""
    path = text.removeprefix(PREFIX).strip()
    if _AT.match(path):
        raise SettingsError(
            f"normalize = {text!r}: a message has another position in every turn; write "
            f"{PREFIX}{_AT.sub('messages[*]', path)}"
        )
    if not path.startswith("**") and not any(path.startswith((f"{root}.", f"{root}[")) for root in _ROOTS):
        raise SettingsError(
            f"normalize = {text!r}: a path begins with one of {', '.join(_ROOTS)}, as failures print it"
        )
    return path


class Sets:
    """Sorts the lists at some paths, so that equal sets are equal."""

    def __init__(self, paths: Sequence[str]) -> None:
        expressions = [expression(path, below=False) for path in paths]
        self._is_set: Callable[[str], bool] = lambda path: any(one.fullmatch(path) for one in expressions)

    def message(self, data: dict[str, Any]) -> dict[str, Any]:
        """A message; an answer is a message of later turns, so it goes by both names."""
        made: dict[str, Any] = self._sorted(data, ("messages[0]", "output"))
        return made

    def head(self, data: dict[str, Any]) -> dict[str, Any]:
        """What a request has besides its messages; its tools are known by name."""
        made = {name: self._sorted(value, (name,)) for name, value in data.items() if name != "tools"}
        if data.get("tools"):
            made["tools"] = [self._sorted(tool, (f"tools{path_text((_name(tool),))}",)) for tool in data["tools"]]
        elif "tools" in data:
            made["tools"] = data["tools"]
        return made

    def entry(self, data: dict[str, Any], root: str) -> dict[str, Any]:
        """An executed tool (root ``tool``) or an event."""
        made: dict[str, Any] = self._sorted(data, (f"{root}{path_text((str(data['name']),))}",))
        return made

    def _sorted(self, value: Any, paths: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            return {key: self._sorted(item, _below(paths, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            items = [self._sorted(item, _below(paths, at)) for at, item in enumerate(value)]
            return sorted(items, key=canonical_json) if any(map(self._is_set, paths)) else items
        if isinstance(value, str) and (data := json_in(value)) is not None:
            data = plain(data)
            return canonical_json(self._sorted(data, paths)) if self._has_set(data, paths) else value
        return value

    def _has_set(self, value: Any, paths: tuple[str, ...]) -> bool:
        """Whether there is a list that counts as a set in it: then its spelling must not count either."""
        if isinstance(value, dict):
            return any(self._has_set(item, _below(paths, str(key))) for key, item in value.items())
        if isinstance(value, list):
            return any(map(self._is_set, paths)) or any(
                self._has_set(item, _below(paths, at)) for at, item in enumerate(value)
            )
        return False


def _below(paths: tuple[str, ...], step: str | int) -> tuple[str, ...]:
    return tuple(f"{path}{path_text((step,))}" for path in paths)


def _name(tool: Any) -> str:
    return str(tool.get("name") or tool.get("type") or "tool") if isinstance(tool, dict) else str(tool)
