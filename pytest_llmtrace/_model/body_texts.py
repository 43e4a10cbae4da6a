"""The texts in a body, each rewritten by a function: of JSON, of events and JSON lines, of anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Rewrite = Callable[[str], str]


def rewritten(body: bytes, rewrite: Rewrite) -> bytes:
    """The body with every text in it rewritten; the same bytes where nothing changes, or where it is no text."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    made = _json(text, rewrite)
    if made is None:
        made = "\n".join(_line(line, rewrite) for line in text.split("\n"))
    return body if made == text else made.encode("utf-8", "surrogatepass")


def _json(text: str, rewrite: Rewrite) -> str | None:
    """JSON with its texts rewritten; `None` for what is no JSON."""
    try:
        data = json.loads(text)
        made = _data(data, rewrite)
    except (ValueError, RecursionError):
        return None
    return text if made == data else json.dumps(made, ensure_ascii=False, separators=(",", ":"))


def _data(data: Any, rewrite: Rewrite) -> Any:
    if isinstance(data, str):
        return rewrite(data)
    if isinstance(data, dict):
        return {key: _data(value, rewrite) for key, value in data.items()}
    if isinstance(data, list):
        return [_data(item, rewrite) for item in data]
    return data


def _line(line: str, rewrite: Rewrite) -> str:
    """A line of an event stream or of JSON lines; any other is a text."""
    start = line.find("{")
    made = _json(line[start:], rewrite) if start >= 0 else None
    return rewrite(line) if made is None else line[:start] + made
