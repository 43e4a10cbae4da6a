"""Secrets that are left in the text of a cassette file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_llmtrace._model.key_shapes import keys_in
from pytest_llmtrace._model.redaction import PLACEHOLDER, Redactor, redact_data


def secrets_in(text: str, redactor: Redactor, allowed: Sequence[re.Pattern[str]] = ()) -> Iterator[dict[str, Any]]:
    """What of a text is a secret, each as facts of a `Problem` and its `line`; the secret itself is not in them.

    Args:
        text: of a golden trace, a tape or a journal.
        redactor: what recording removes secrets with.
        allowed: what is known to be none.
    """
    for found in keys_in(text):
        if not any(pattern.search(found.value) for pattern in allowed):
            yield {"what": found.what, "shown": found.shown, "line": _line(text, found.start)}
    if _replaced(redactor, text):
        yield from _removable(text, redactor)


def _removable(text: str, redactor: Redactor) -> Iterator[dict[str, Any]]:
    """What the redactor would still remove: values of the environment, line by line, and fields of its list."""
    known = [number for number, line in enumerate(text.split("\n"), start=1) if redactor.text(line) != line]
    yield from ({"what": "the value of a key in your environment", "shown": "", "line": number} for number in known)
    fields = list(_fields(text))
    yield from fields
    if not known and not fields:
        lines = [number for number, line in enumerate(text.split("\n"), start=1) if _replaced(redactor, line)]
        yield {"what": "a field that holds a secret", "shown": "", "line": lines[0] if lines else None}


def _fields(text: str) -> Iterator[dict[str, Any]]:
    """The fields of JSON that hold a secret by their name."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    for path, value in _changed(data, redact_data(data), ""):
        at = text.find(json.dumps(value, ensure_ascii=False))
        yield {"what": "a secret by the name of its field", "shown": path, "line": None if at < 0 else _line(text, at)}


def _changed(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(old, dict):
        for name, value in old.items():
            yield from _changed(value, new[name], f"{path}.{name}" if path else str(name))
    elif isinstance(old, list):
        for position, value in enumerate(old):
            yield from _changed(value, new[position], f"{path}[{position}]")
    elif old != new:
        yield path, old


def _replaced(redactor: Redactor, text: str) -> bool:
    """Whether the redactor would replace anything: it may lay the text out anew, so the placeholders are counted."""
    raw = text.encode("utf-8", "surrogatepass")
    mark = PLACEHOLDER.encode()
    return redactor.body(raw).count(mark) > raw.count(mark)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
