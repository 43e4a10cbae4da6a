"""The price map that litellm ships, of which a run needs a few entries: 3.5 MB of JSON, of which those are parsed.

Parsing all of it takes 20 ms, and makes five thousand objects that stay for as long as the process does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

Entry = Mapping[str, Any]


class ShippedPrices(Mapping[str, Entry]):
    """Model names to prices. Never changes.

    A name that stands nowhere in the file, in quotes, is no name of it. One that stands there once, as the file is
    laid out, is the name of what follows. For every other one the file is parsed as a whole, and that decides.
    """

    def __init__(self, raw: bytes) -> None:
        """Args: raw: the content of the file."""
        self._raw = raw
        self._searchable = raw.isascii() and not _may_be_spelled_otherwise(raw)
        self._known: dict[str, Entry | None] = {}
        self._cases: dict[str, bool] = {}
        """Whether each name that was asked for stands in it in some case."""

    def __getitem__(self, name: str) -> Entry:
        if name not in self._known:
            self._known[name] = self._found(name)
        entry = self._known[name]
        if entry is None:
            raise KeyError(name)
        return entry

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)

    def may_have(self, name: str) -> bool:
        """Whether there may be such a name, whatever its case."""
        known = self._cases.get(name)
        if known is None:
            known = not self._is_spelled_once(name) or f'"{name.lower()}"'.encode() in self._lower_case
            self._cases[name] = known
        return known

    def _found(self, name: str) -> Entry | None:
        parsed = "_whole" in self.__dict__ or len(self._known) >= _MANY
        if parsed or not self._is_spelled_once(name):
            return self._whole.get(name)
        quoted = f'"{name}"'.encode()
        at = self._raw.find(quoted)
        if at < 0:
            return None
        entry = self._alone(quoted, at)
        return self._whole.get(name) if entry is None else entry

    def _alone(self, quoted: bytes, at: int) -> Entry | None:
        """What follows a name, where that is sure to be its entry."""
        begins, end = at - len(_BEGINNING), at + len(quoted)
        laid_out = self._raw.startswith(_BEGINNING, max(begins, 0)) and self._raw.startswith(_END, end)
        if not laid_out or self._raw.find(quoted, end) >= 0:
            return None
        try:
            entry, _ = _DECODER.raw_decode(self._raw[end + len(_END) : end + _LONGEST].decode())
        except ValueError:
            return None
        return entry if isinstance(entry, dict) and _OWNER in entry else None

    def _is_spelled_once(self, name: str) -> bool:
        """Whether JSON can express a name in one way only, as this file does."""
        return self._searchable and name.isascii() and name.isprintable() and not {*'"\\'} & {*name}

    @cached_property
    def _lower_case(self) -> bytes:
        return self._raw.lower()

    @cached_property
    def _whole(self) -> Mapping[str, Any]:
        try:
            data = json.loads(self._raw)
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}


def _may_be_spelled_otherwise(raw: bytes) -> bool:
    """Whether an escape stands for a letter that needs none. One sign is looked for, which takes a tenth of two."""
    at = raw.find(b"\\")
    while at >= 0:
        if raw[at + 1 : at + 2] in (b"u", b"/"):
            return True
        at = raw.find(b"\\", at + 1)
    return False


_BEGINNING: Final = b"\n    "
_END: Final = b": "
_OWNER: Final = "litellm_provider"
"""What each entry has, and nothing inside of one."""
_LONGEST: Final = 64 * 1024
"""Bytes of an entry; the longest has two thousand."""
_MANY: Final = 24
"""Names that are looked for one by one: each takes up to 1.5 ms, and a model has about four."""
_DECODER: Final = json.JSONDecoder()
