"""Streamed answers whose every event is valid JSON, parsed once for all who look for secrets in them.

Most hold none. The tokenizer that knows where each text stands is ten times slower, and is asked where one does.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, Final, SupportsBytes

from pytest_llmtrace._model.exact_json import loads_exactly
from pytest_llmtrace._model.http import ReadJson, read_json
from pytest_llmtrace._model.secrecy.leaves import INDEX, Path
from pytest_llmtrace._model.secrecy.search import secrets_in
from pytest_llmtrace._model.secrecy.searched import Searched
from pytest_llmtrace._model.secrecy.streams import DOCUMENT

Marks = tuple[tuple[str, str], ...]
PlacedText = tuple[Path, tuple[Marks, ...], str]
"""A text with the keys that lead to it, and with what tells the parts of a stream apart in all that it is in."""


class ReadStream:
    """The body of a stream, and the texts of its events in order. It stays the bytes that it was."""

    __slots__ = ("_raw", "texts")

    def __init__(self, raw: bytes, texts: Sequence[PlacedText]) -> None:
        self._raw = raw
        self.texts = texts

    def __bytes__(self) -> bytes:
        return self._raw

    @property
    def is_json(self) -> bool:
        """Whether it is lines of JSON, and no server-sent events."""
        return self._raw.lstrip()[:1] == b"{"

    def holds_none(self, searched: Searched) -> bool:
        """Whether there is no secret in it, whole or in pieces that events bring."""
        return searched.holds_none(self._raw.decode("latin-1"), strict=self.is_json) and not any(
            secrets_in(text, searched.known) for text in self._joined()
        )

    def _joined(self) -> Iterator[str]:
        """The texts that go on in one another, as `streams` joins them: by what they are about, then by keys alone."""
        by_channel: dict[Hashable, list[str]] = {}
        by_keys: dict[Hashable, list[tuple[Hashable, str]]] = {}
        for path, around, text in self.texts:
            by_channel.setdefault((path, around), []).append(text)
            by_keys.setdefault((path, around[1:]), []).append((around, text))
        for texts in by_channel.values():
            if len(set(texts)) > 1:
                yield "".join(texts)
        for pieces in by_keys.values():
            if len(pieces) == len({around for around, _ in pieces}) and len({text for _, text in pieces}) > 1:
                yield "".join(text for _, text in pieces)


def read_answer(body: bytes) -> SupportsBytes:
    """A body with what it holds, where it is JSON or such a stream; else the bytes as they are."""
    read = read_json(body)
    return read if isinstance(read, ReadJson) else read_stream(body) or body


def read_stream(body: bytes) -> ReadStream | None:
    """A body as a stream; `None` for what is none, or where not every text of it is in a valid event."""
    if b"\n" not in body or b"\0" in body[:4] or body.lstrip()[:1] == b"[":
        return None
    try:
        text = body.decode()
        found = [one["json"] for one in DOCUMENT.finditer(text) if '"' in one["json"]]
        if len(found) < _FEWEST or sum(one.count('"') for one in found) != text.count('"'):
            return None
        return ReadStream(body, [placed for one in found for placed in _placed(loads_exactly(one), (), ())])
    except (ValueError, RecursionError):
        return None


def _placed(value: Any, path: Path, around: tuple[Marks, ...]) -> Iterator[PlacedText]:
    if isinstance(value, dict):
        here = (*around, _marks(value))
        for key, part in value.items():
            if isinstance(part, str):
                yield (*path, key), here, part
            elif isinstance(part, (dict, list)):
                yield from _placed(part, (*path, key), here)
    elif isinstance(value, list):
        here, there = (*around, ()), (*path, None)
        for part in value:
            if isinstance(part, str):
                yield there, here, part
            else:
                yield from _placed(part, there, here)


def _marks(value: dict[str, Any]) -> Marks:
    """What tells this part of a stream from another: which block it is about, and what kind of event it is."""
    made = [
        (key, str(part))
        for key, part in value.items()
        if (key == "type" if isinstance(part, str) else not isinstance(part, (dict, list)) and _is_number_of_part(key))
    ]
    return tuple(sorted(made))


@functools.lru_cache(maxsize=1024)
def _is_number_of_part(key: str) -> bool:
    return key == "thought" or INDEX.search(key) is not None


_FEWEST: Final = 2
