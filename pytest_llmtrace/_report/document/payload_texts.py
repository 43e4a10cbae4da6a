"""Payloads as text: how they travel from a worker, and how the controller keeps them until the run is over.

As dicts, those of a large suite take five times the memory, and xdist takes as long to send one as we to replay it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, overload

from pytest_llmtrace._report.document.attempts import Payload, Told
from pytest_llmtrace._report.document.replays import Replay
from pytest_llmtrace._report.plain import plain


def as_texts(payloads: Iterable[Payload | Replay]) -> list[str]:
    """Each payload as a text; what is no plain data in it becomes that."""
    return [_text(payload) for payload in payloads]


def as_kept(payloads: Iterable[Payload | Replay]) -> list[str | Replay]:
    """The same for what does not travel: the row of a replay is as small as its text."""
    kept: list[str | Replay] = []
    for one in payloads:
        # The texts of a row are sure to be some; the name of a file may hold bytes that are none.
        is_row = type(one) is Replay and f"{one.nodeid}{one.golden}{one.tape}{one.directory}".isascii()
        kept.append(one if is_row else _text(one))  # type: ignore[arg-type]  # it is a row
    return kept


def _text(payload: Payload | Replay) -> str:
    try:  # of what is written here nearly all is plain, and to see that takes as long as to write it
        text = _WRITER.encode(payload)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        return _WRITER.encode(plain(payload))
    return text


_WRITER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def from_texts(texts: Iterable[str | Replay]) -> list[dict[str, Any]]:
    """The payloads of these texts."""
    return [_whole(read_told(text)) for text in texts]


def read_told(text: str | Replay) -> dict[str, Any] | Replay:
    """A payload, or the row of a replay, from its text; that may be one already."""
    if isinstance(text, Replay):
        return text
    made: Any = json.loads(text)
    return Replay(*made) if type(made) is list else made


def _whole(told: dict[str, Any] | Replay) -> dict[str, Any]:
    return told.payload if isinstance(told, Replay) else told


class Payloads(Sequence[Payload]):
    """Payloads that are read anew whenever they are asked for: whoever goes through them holds one at a time."""

    def __init__(self, texts: Iterable[str | Replay] = ()) -> None:
        self._texts = list(texts)

    def add(self, texts: Iterable[str | Replay]) -> None:
        """Take in what `as_texts` or `as_kept` made."""
        self._texts += texts

    def told(self) -> Told:
        """The same, replays as the rows that they are."""
        return _Told(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[Payload]:
        return map(_whole, map(read_told, self._texts))

    @overload
    def __getitem__(self, at: int) -> Payload: ...
    @overload
    def __getitem__(self, at: slice) -> Payloads: ...
    def __getitem__(self, at: int | slice) -> Payload | Payloads:
        return Payloads(self._texts[at]) if isinstance(at, slice) else _whole(read_told(self._texts[at]))


class _Told:
    """Payloads and replays, read as `Payloads` are."""

    def __init__(self, texts: Sequence[str | Replay]) -> None:
        self._texts = texts

    def __iter__(self) -> Iterator[Payload | Replay]:
        return map(read_told, self._texts)

    def __getitem__(self, at: int) -> Payload | Replay:
        return read_told(self._texts[at])
