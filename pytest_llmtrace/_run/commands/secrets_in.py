"""Secrets that are left in the text of a cassette file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from pytest_llmtrace._model.redaction import PLACEHOLDER, Redactor
from pytest_llmtrace._model.secrecy.fields import redact_data
from pytest_llmtrace._model.secrecy.search import secrets_in as found_in
from pytest_llmtrace._model.secrecy.streams import split_secrets


def secrets_in(text: str, redactor: Redactor) -> Iterator[dict[str, Any]]:
    """What of a text is a secret, each as facts of a `Problem` and its `line`; the secret itself is not in them.

    Args:
        text: of a golden trace, a tape, a journal or a report.
        redactor: what recording removes secrets with.
    """
    data = _json(text)
    found = found_in(text, redactor.known, strict=data is not None)
    fields = list(_fields(text, data)) if any(edit.what == _FIELD for edit in found) else []
    yield from fields
    yield from _detected(text, redactor)
    for edit in found:
        if edit.what != _FIELD or not fields:
            yield {"what": edit.what, "shown": edit.shown, "line": _line(text, edit.start)}
    if not found and any(mark in text for mark in _STREAMS):
        for edit in split_secrets(text, redactor.known):
            yield {"what": f"{edit.what}, in pieces", "shown": edit.shown, "line": None}


def _detected(text: str, redactor: Redactor) -> Iterator[dict[str, Any]]:
    """What something else finds, where it is asked."""
    if redactor.detector is None:
        return
    for number, line in enumerate(text.split("\n"), start=1):
        for what, secret in redactor.detector(line):
            if PLACEHOLDER not in secret and not redactor.known.allows(secret):
                yield {"what": what, "shown": f"{secret[:6]}…", "line": number}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _fields(text: str, data: Any) -> Iterator[dict[str, Any]]:
    """The fields of JSON that hold a secret by their name."""
    if data is None:
        return
    for path, value in _changed(data, redact_data(data), ""):
        at = text.find(json.dumps(value, ensure_ascii=False))
        yield {"what": _FIELD, "shown": path, "line": None if at < 0 else _line(text, at)}


def _changed(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(old, dict):
        for name, value in old.items():
            yield from _changed(value, new[name], f"{path}.{name}" if path else str(name))
    elif isinstance(old, list):
        for position, value in enumerate(old):
            yield from _changed(value, new[position], f"{path}[{position}]")
    elif old != new:
        yield path, old


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


_STREAMS: Final = ('"sse":', '"ndjson":')
"""What a tape has that holds a streamed answer."""
_FIELD: Final = "a secret by the name of its field"
