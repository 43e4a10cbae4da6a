"""Reading each distinct message once: a request repeats the whole history, and most of it was read before."""

from __future__ import annotations

import hashlib
import marshal
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final
from weakref import WeakKeyDictionary

from pytest_llmtrace._capture.dialects.walks import Walk
from pytest_llmtrace._model.canonical import written_value
from pytest_llmtrace._model.growing import Grown
from pytest_llmtrace._model.messages import Message, MessageTable
from pytest_llmtrace._model.prefixes import anchors, shared_prefix

Tools = tuple[Mapping[str, Any], ...]
Key = tuple[str, bytes]

_MARSHAL_FORMAT: Final = 2
"""The last one whose bytes depend on the value alone: later formats also encode which objects are shared."""


class Interner:
    """A table of messages with the memory of the raw JSON that each came from.

    Normalising and digesting a message costs about ten times what recognising its raw form does, so a history of
    T turns costs O(T) normalisations and O(T^2) cheap look-ups.
    """

    def __init__(self, table: MessageTable, *, shared: bool = False) -> None:
        """Where messages are interned.

        Args:
            table: The table.
            shared: Whether what is read shares its parts with other requests, and lives as long as the table: then
                the objects themselves are recognised.
        """
        self._table = table
        self._shared = shared
        self._memory = _MEMORIES.setdefault(table, _Memory())

    def messages(
        self, dialect: str, raw: Iterable[object], build: Callable[[Any], Iterable[Mapping[str, Any]]]
    ) -> tuple[Message, ...]:
        """The messages that `build` makes of each raw item, one item after the other."""
        if self._shared:
            walk = self._memory.walks.get(dialect)
            if walk is None:
                walk = self._memory.walks[dialect] = Walk()
            return walk.of(raw, lambda item: self._built(item, build))
        made: list[Message] = []
        for item in raw:
            made.extend(self._one(dialect, item, build))
        return tuple(made)

    def _one(
        self, dialect: str, item: object, build: Callable[[Any], Iterable[Mapping[str, Any]]]
    ) -> tuple[Message, ...]:
        key = _key(dialect, item)
        known = self._memory.messages.get(key)
        if known is None:
            known = self._memory.messages[key] = self._built(item, build)
        return known

    def _built(self, item: object, build: Callable[[Any], Iterable[Mapping[str, Any]]]) -> tuple[Message, ...]:
        return tuple([self._table.intern(fields) for fields in build(item)])

    def groups(self, items: Sequence[Any], split: Callable[[Iterable[Any]], Iterable[list[Any]]]) -> list[list[Any]]:
        """The groups that `split` makes of neighbouring items; where these are shared, equal groups are one object.

        What follows a group must not depend on it, and no item may be in two.
        """
        if not self._shared:
            return list(split(items))
        begins = anchors(items)
        known = self._memory.groups
        before, made = next((known[one] for one in begins if one in known), ((), []))
        ends = list(accumulate(map(len, made)))
        whole = bisect_left(ends, shared_prefix(before, items))  # the last one of what is the same may go on otherwise
        rest = split(items[ends[whole - 1] if whole else 0 :])
        one_of = self._memory.one_of
        made = [*made[:whole], *(one_of.setdefault(tuple(map(id, group)), group) for group in rest)]
        if sum(map(len, made)) == len(items):  # else some items are in none, and ends say nothing of places
            known.update(dict.fromkeys(begins, (items, made)))
        return made

    def tools(self, raw: object, build: Callable[[Sequence[Any]], Tools]) -> Tools:
        """The tools that `build` makes of a list of them: one tuple for equal lists."""
        if not isinstance(raw, list) or not raw:
            return ()
        if self._shared:
            held = self._memory.shared_tools.get(id(raw))
            if held is None:
                held = self._memory.shared_tools[id(raw)] = raw, self._tools(raw, build)
            return held[1]
        return self._tools(raw, build)

    def _tools(self, raw: list[Any], build: Callable[[Sequence[Any]], Tools]) -> Tools:
        key = _key("", raw)
        known = self._memory.tools.get(key)
        if known is None:
            known = self._memory.tools[key] = _copies(raw, key, build)
        return known

    def lifetimes(
        self, body: Mapping[str, Any], each: Callable[[Any], Iterable[str]], grown: Grown | None = None
    ) -> list[str]:
        """What `each` finds in the parts of a body that is shared, in any order.

        Args:
            body: The body.
            each: Finds them in a part, or in a list of parts.
            grown: Which body it goes on from, where it does.
        """
        base = self._memory.in_bodies.get(id(grown.base)) if grown is not None else None
        if grown is not None and base is not None:
            found = [*base[1], *(one for item in grown.new for one in each(item))]
        else:
            found = []
            for name, part in body.items():
                if isinstance(part, list):
                    # Few are asked together, which costs less than to know each again.
                    found += each(part) if len(part) <= _FEW else self._lifetimes_in(name, part, each)
                elif isinstance(part, dict):
                    found += each({name: part})
        self._memory.in_bodies[id(body)] = body, found
        return found

    def _lifetimes_in(self, name: str, part: list[Any], each: Callable[[Any], Iterable[str]]) -> Sequence[str]:
        walk = self._memory.lifetimes.get(name)
        if walk is None:
            walk = self._memory.lifetimes[name] = Walk()
        return walk.of(part, each)


def _copies(raw: list[Any], key: Key, build: Callable[[Sequence[Any]], Tools]) -> Tools:
    """What `build` makes of a list of tools. The tests of a module offer the same, so it is made once in a process.

    The objects are new ones each time, read from what was written down: a test may change those of its trace.
    """
    about = build, key
    written = _BUILT.get(about)
    if written is not None:
        copies: Tools = marshal.loads(written)  # noqa: S302  # this process wrote it
        return copies
    made = build(raw)
    written = written_value(made)
    if written is not None:
        if len(_BUILT) >= _MOST:
            _BUILT.clear()
        _BUILT[about] = written
    return made


def _key(dialect: str, raw: Any) -> Key:
    return dialect, hashlib.blake2b(marshal.dumps(raw, _MARSHAL_FORMAT), digest_size=16).digest()


@dataclass(slots=True)
class _Memory:
    """What was read into one table."""

    messages: dict[Key, tuple[Message, ...]] = field(default_factory=dict)
    tools: dict[Key, Tools] = field(default_factory=dict)
    shared_tools: dict[int, tuple[object, Tools]] = field(default_factory=dict)
    """Of lists that are shared, by identity; the list is held, so that no other can have it."""
    walks: dict[str, Walk[Message]] = field(default_factory=dict)
    """Of what is shared, by dialect."""
    groups: dict[int, tuple[Sequence[object], list[list[Any]]]] = field(default_factory=dict)
    """By one of its first items, the last list that was split into groups, and these."""
    one_of: dict[tuple[int, ...], list[Any]] = field(default_factory=dict)
    """Groups by the identities of their items, which they hold."""
    in_bodies: dict[int, tuple[object, list[str]]] = field(default_factory=dict)
    """Lifetimes in bodies that are shared, by identity; the body is held, so that no other can have it."""
    lifetimes: dict[str, Walk[str]] = field(default_factory=dict)
    """Likewise, by the name of the list in the body."""


_MEMORIES: Final[WeakKeyDictionary[MessageTable, _Memory]] = WeakKeyDictionary()
_BUILT: Final[dict[tuple[Callable[[Sequence[Any]], Tools], Key], bytes]] = {}
"""What was made of lists of tools, whatever table they were read into."""
_MOST: Final = 64
"""Lists of tools that are remembered."""
_FEW: Final = 8
