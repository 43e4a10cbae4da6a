"""Names are no text: rules do not change the id of a model or the name of a tool, and no two names are near enough."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from pytest_llmtrace._compare.rules.normalize import AnyRule, normalized
from pytest_llmtrace._model.severities import DriftKind

_NAMES: Final = frozenset({"name", "type", "model", "models", "provider", "operation"})
"""Keys of texts, in what a request asks for besides its messages, that name something."""
_CHOICES: Final = frozenset({"tool_choice", "function_call", "fallbacks"})
"""Keys of values that hold nothing but names."""
_FREE: Final = "metadata"
"""A key below which applications write what they like."""

_KEY: Final = re.compile(r"[^.\[\]\"]+")
_OF_MESSAGE: Final = re.compile(r"(?:output|messages\[\d+\])\.(?:name|tool_call_id|tool_calls(?:\[\d+\](?:\.name)?)?)")
"""A tool call whole, or a name: where the names of two calls are equal, their differences have longer paths."""
_WHOLE: Final = frozenset({"tools", "error", "error.type", "error.status", "finish_reason", "status"})
_NEVER: Final = frozenset({"model", "order", "call_added", "call_missing"})
"""Kinds that are about nothing but names and places."""


def settings_normalized(value: Any, rules: Sequence[AnyRule]) -> Any:
    """What a request asks for besides its messages, as plain data: rules applied to every text that is no name."""
    if isinstance(value, dict):
        return {key: _setting(key, item, rules) for key, item in value.items()}
    if isinstance(value, list):
        return [settings_normalized(item, rules) for item in value]
    return normalized(value, rules)


def is_name(kind: DriftKind, path: str) -> bool:
    """Whether a difference of that kind, at that path, is one of names, or of what stands at which place."""
    if kind in _NEVER or path in _WHOLE or _OF_MESSAGE.fullmatch(path):
        return True
    if kind not in ("params", "tools"):
        return False
    keys = _KEY.findall(path.removesuffix(" (added)").removesuffix(" (removed)"))
    return _FREE not in keys and (keys[-1] in _NAMES or not _CHOICES.isdisjoint(keys))


def _setting(key: str, value: Any, rules: Sequence[AnyRule]) -> Any:
    if key in _CHOICES or (key in _NAMES and _is_text(value)):
        return value
    return normalized(value, rules) if key == _FREE else settings_normalized(value, rules)


def _is_text(value: Any) -> bool:
    """Whether it is a text, or a list of texts."""
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))
