"""Recorded headers as a stub can hand them over: a tape holds whatever a server sent, and libraries take less."""

from __future__ import annotations

import re
from typing import Final

from pytest_llmtrace._model.http import HttpResponse


def sendable_headers(response: HttpResponse, length: int) -> list[tuple[str, str]]:
    """Names and values as they may be given, with the length that the body has now."""
    kept = [pair for pair in response.headers if pair[0] != "content-length"]
    if sendable(text := "".join([part for pair in kept for part in pair])) != text:
        kept = [(sendable(name), sendable(value)) for name, value in kept]
    kept.append(("content-length", str(length)))
    return kept


def sendable(text: str) -> str:
    """ASCII without line ends."""
    return text if text.isascii() and text.isprintable() else _UNSENDABLE.sub("?", text)


_UNSENDABLE: Final = re.compile(r"[^\t -~]")
