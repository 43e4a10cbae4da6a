"""Payloads as text: how they travel from a worker, and how the controller keeps them until the run is over.

As dicts, those of a large suite take five times the memory, and xdist takes as long to send one as we to replay it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, overload

from pytest_llmtrace._report.document.attempts import Payload
from pytest_llmtrace._report.plain import plain


def as_texts(payloads: Iterable[Payload]) -> list[str]:
    """Each payload as a text; what is no plain data in it becomes that."""
    return [_text(payload) for payload in payloads]


def _text(payload: Payload) -> str:
    try:  # of what is written here nearly all is plain, and to see that takes as long as to write it
        text = _WRITER.encode(payload)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        return _WRITER.encode(plain(payload))
    return text


_WRITER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def from_texts(texts: Iterable[str]) -> list[dict[str, Any]]:
    """The payloads of these texts."""
    return [json.loads(text) for text in texts]


class Payloads(Sequence[Payload]):
    """Payloads that are read anew whenever they are asked for: whoever goes through them holds one at a time."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts = list(texts)

    def add(self, texts: Iterable[str]) -> None:
        """Take in what `as_texts` made."""
        self._texts += texts

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[Payload]:
        return map(json.loads, self._texts)

    @overload
    def __getitem__(self, at: int) -> Payload: ...
    @overload
    def __getitem__(self, at: slice) -> Payloads: ...
    def __getitem__(self, at: int | slice) -> Payload | Payloads:
        if isinstance(at, slice):
            return Payloads(self._texts[at])
        made: dict[str, Any] = json.loads(self._texts[at])
        return made
