"""A tool call on one line, and back: ``lookup_order(order_id="123", limit=2)``.

The values are JSON. Arguments that are no object, or have keys that are no identifiers, stand as JSON between the
parentheses: ``lookup({"order-id": "123"})``.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from pytest_llmtrace._model.canonical import Json
from pytest_llmtrace._model.exact_json import spell_json

LONGEST: Final = 200
"""Characters beyond which a call is not put on one line."""


def call_text(name: str, arguments: Json) -> str | None:
    """The call on one line, or `None` where that would be too long, hide line breaks, or not read back the same."""
    if not _NAME.fullmatch(name):
        return None
    try:
        if isinstance(arguments, dict) and all(isinstance(key, str) and _KEY.fullmatch(key) for key in arguments):
            inside = ", ".join(f"{key}={spell_json(value)}" for key, value in arguments.items())
        else:
            inside = spell_json(arguments)
    except (ValueError, TypeError):
        return None
    text = f"{name}({inside})"
    return text if len(text) <= LONGEST and "\\n" not in text else None


def read_call(text: str) -> tuple[str, Json]:
    """Name and arguments of a call on one line.

    Raises:
        ValueError: it is not one.
    """
    found = _HEAD.match(text)
    if not found or not text.endswith(")"):
        raise ValueError(f"`{text}` is not a tool call, like `name(argument=1)`")
    try:
        return found.group(1), _arguments(text, found.end())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the arguments of `{text}` cannot be read: {error}") from None


def _arguments(text: str, position: int) -> Json:
    end = len(text) - 1
    if position == end:
        return {}
    if not _ASSIGNMENT.match(text, position):
        value, position = _DECODER.raw_decode(text, position)
        if position != end:
            raise ValueError(f"`)` expected at character {position + 1}")
        return value  # type: ignore[no-any-return]
    made: dict[str, Any] = {}
    while True:
        found = _ASSIGNMENT.match(text, position)
        if not found or found.group(1) in made:
            raise ValueError(f"a new `name=` expected at character {position + 1}")
        made[found.group(1)], position = _DECODER.raw_decode(text, found.end())
        if position == end:
            return made
        if not text.startswith(", ", position):
            raise ValueError(f"`, ` or `)` expected at character {position + 1}")
        position += 2


_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]*")
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEAD: Final = re.compile(rf"({_NAME.pattern})\(")
_ASSIGNMENT: Final = re.compile(rf"({_KEY.pattern})=")
_DECODER: Final = json.JSONDecoder()
