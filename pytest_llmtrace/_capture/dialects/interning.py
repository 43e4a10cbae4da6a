"""Reading each distinct message once: a request repeats the whole history, and most of it was read before."""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from pytest_llmtrace._model.messages import Message, MessageTable

Tools = tuple[Mapping[str, Any], ...]
Key = tuple[str, bytes]

_MARSHAL_FORMAT: Final = 2
"""The last one whose bytes depend on the value alone: later formats also encode which objects are shared."""


class Interner:
    """A table of messages with the memory of the raw JSON that each came from.

    Normalising and digesting a message costs about ten times what recognising its raw form does, so a history of
    T turns costs O(T) normalisations and O(T^2) cheap look-ups.
    """

    def __init__(self, table: MessageTable) -> None:
        self._table = table
        self._messages, self._tools = _MEMORIES.setdefault(table, ({}, {}))

    def messages(
        self, dialect: str, raw: Iterable[object], build: Callable[[Any], Iterable[Mapping[str, Any]]]
    ) -> tuple[Message, ...]:
        """The messages that `build` makes of each raw item, one item after the other."""
        made: list[Message] = []
        for item in raw:
            key = _key(dialect, item)
            known = self._messages.get(key)
            if known is None:
                known = tuple(self._table.intern(fields) for fields in build(item))
                self._messages[key] = known
            made.extend(known)
        return tuple(made)

    def tools(self, raw: object, build: Callable[[Sequence[Any]], Tools]) -> Tools:
        """The tools that `build` makes of a list of them: one tuple for equal lists."""
        if not isinstance(raw, list) or not raw:
            return ()
        key = _key("", raw)
        known = self._tools.get(key)
        if known is None:
            known = self._tools[key] = build(raw)
        return known


def _key(dialect: str, raw: Any) -> Key:
    return dialect, hashlib.blake2b(marshal.dumps(raw, _MARSHAL_FORMAT), digest_size=16).digest()


_MEMORIES: Final[WeakKeyDictionary[MessageTable, tuple[dict[Key, tuple[Message, ...]], dict[Key, Tools]]]] = (
    WeakKeyDictionary()
)
