"""Recorded headers as a stub can hand them over: a tape holds whatever a server sent, and libraries take less."""

from __future__ import annotations

import functools
from typing import Final

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.http import Headers, HttpResponse


def sendable_headers(response: HttpResponse, length: int) -> list[tuple[str, str]]:
    """Names and values as they may be given, with the length that the body has now."""
    return [*without_length(response.headers), ("content-length", str(length))]


@functools.lru_cache(maxsize=256)
def without_length(headers: Headers) -> Headers:
    """Names and values as they may be given; answers of one server nearly always have the same."""
    return tuple([(sendable(name), sendable(value)) for name, value in headers if name != "content-length"])


def sendable(text: str) -> str:
    """ASCII without line ends."""
    return text if text.isascii() and text.isprintable() else _UNSENDABLE.sub("?", text)


_UNSENDABLE: Final = expression(r"[^\t -~]")
