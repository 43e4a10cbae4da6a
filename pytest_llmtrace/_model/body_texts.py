"""The texts in a body, each rewritten by a function: of JSON, of events and JSON lines, of anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from pytest_llmtrace._model.framed import body_of_texts, texts_of_body
from pytest_llmtrace._model.personal.remover import Personal
from pytest_llmtrace._model.split_texts import Edits, with_edits

Rewrite = Callable[[str], str]

NUMBER: Final = " (number)"
"""What stands behind the text that took the place of a number, so that it can become one again."""


def rewritten(body: bytes, rewrite: Rewrite, *, whole: bool = False, edits: Edits | None = None) -> bytes:
    """The body with every text in it rewritten; the same bytes where nothing changes, or where it is no text.

    Args:
        body: Of a request or a response.
        rewrite: Is asked about each text.
        whole: Whether keys, and integers as long as those of cards and accounts, are texts, too.
        edits: Finds what is to be replaced in a text. Asked about the texts of a stream that are pieces of one, before
            `rewrite` is asked about each.
    """
    texts = texts_of_body(body)
    if texts is None:
        return body
    if len(texts) > 1:
        texts = texts if edits is None else with_edits(texts, edits)
        return body_of_texts(body, [_line(text, rewrite, whole=whole) for text in texts])
    (text,) = texts
    made = _json(text, rewrite, whole=whole)
    if made is None:
        lines = text.split("\n")
        lines = lines if edits is None or len(lines) == 1 else with_edits(lines, edits)
        made = "\n".join(_line(line, rewrite, whole=whole) for line in lines)
    return body_of_texts(body, [made])


def without_more(body: bytes, more: Rewrite | None, personal: Personal | None) -> bytes:
    """The body without what hooks of the project take out (`more`), nor personal data."""
    if more is not None:
        body = rewritten(body, more)
    if personal is not None and body:
        body = rewritten(body, personal.redact, whole=True, edits=personal.edits)
    return body


def inside_json(text: str, rewrite: Rewrite) -> str | None:
    """A text that is JSON itself, as the arguments of a tool are, with what it holds rewritten; `None`: it is none."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        data = json.loads(text)
        made = _data(data, rewrite, whole=True)
    except (ValueError, RecursionError):
        return None
    spaced = '": ' in text or ", " in text
    return text if made == data else json.dumps(
        made, ensure_ascii=text.isascii(), separators=(", ", ": ") if spaced else (",", ":")
    )  # fmt: skip


def _json(text: str, rewrite: Rewrite, *, whole: bool) -> str | None:
    """JSON with its texts rewritten; `None` for what is no JSON."""
    try:
        data = json.loads(text)
        made = _data(data, rewrite, whole=whole)
    except (ValueError, RecursionError):
        return None
    return text if made == data else json.dumps(made, ensure_ascii=False, separators=(",", ":"))


def _data(data: Any, rewrite: Rewrite, *, whole: bool) -> Any:
    if isinstance(data, str):
        made = rewrite(data)
        number = made.removesuffix(NUMBER)
        return int(number) if made not in (data, number) and number.isdecimal() else made
    if isinstance(data, dict):
        return {rewrite(key) if whole else key: _data(value, rewrite, whole=whole) for key, value in data.items()}
    if isinstance(data, list):
        return [_data(item, rewrite, whole=whole) for item in data]
    if whole and isinstance(data, int) and data >= _LONG:
        text = str(data)
        made = rewrite(text)
        return data if made == text else f"{made}{NUMBER}"
    return data


def _line(line: str, rewrite: Rewrite, *, whole: bool) -> str:
    """A line of an event stream or of JSON lines; any other is a text."""
    start = line.find("{")
    made = _json(line[start:], rewrite, whole=whole) if start >= 0 else None
    return rewrite(line) if made is None else line[:start] + made


_LONG: Final = 10**11
