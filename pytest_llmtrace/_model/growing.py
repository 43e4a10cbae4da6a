"""Bodies that are an earlier one with more messages: told by their bytes, so that only what is new in them is read.

An agent sends its whole history with every request. Between what a request begins with, up to its last message, and
what it ends with (the model, the tools), the next one has its new messages, and nothing else is different.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple


class Grown(NamedTuple):
    """A body that is an earlier one with more messages."""

    value: dict[str, Any]
    base: dict[str, Any]
    """The value of the earlier one, the object itself."""
    name: str
    """The list that has grown."""
    new: list[dict[str, Any]]
    """What is new in it; nothing, where the bodies are equal."""


class _Open(NamedTuple):
    """The bytes of a body, parted where its history may go on."""

    head: bytes
    tail: bytes
    name: str
    value: dict[str, Any]


class Growing:
    """The last bodies of some conversations, all of them as one client spells them. Safe to use from threads."""

    def __init__(self) -> None:
        """None was seen yet."""
        self._open: tuple[_Open, ...] = ()
        """The latest first. Replaced, never changed."""

    def of(self, body: bytes, items: Callable[[bytes], list[dict[str, Any]] | None]) -> Grown | None:
        """What a body is in addition to an earlier one; `None` where it must be read as a whole.

        Args:
            body: the body.
            items: reads the messages that are spelled in these bytes, ``,{...},{...}``; `None` where they are not.
        """
        for one in self._open:
            head, tail, name, base = one
            if not (body.startswith(head) and body.endswith(tail) and len(body) >= len(head) + len(tail)):
                continue
            added = body[len(head) : len(body) - len(tail)]
            new = items(added) if added else []
            if new is None:
                return None
            value = {**base, name: [*base[name], *new]} if new else base
            others = [other for other in self._open if other is not one]
            self._open = (_Open(body[: -len(tail)], tail, name, value), *others)
            return Grown(value, base, name, new)
        return None

    def begin(self, body: bytes, value: dict[str, Any], spelled: Callable[[dict[str, Any]], bytes | None]) -> None:
        """A body that was read as a whole. Args: body, value: it; spelled: gives the bytes of a part of the value."""
        name = history_in(value)
        if name is not None:
            names = list(value)
            behind = spelled({key: value[key] for key in names[names.index(name) + 1 :]}) or b""
            tail = b"]," + behind[1:] if len(behind) > len(b"{}") else b"]}"
            self._open = (_Open(body[: -len(tail)], tail, name, value), *self._open[: _MOST - 1])


def history_in(value: dict[str, Any]) -> str | None:
    """The name of the list that holds the messages of a body; `None` where there is none, or nothing in it."""
    return next((name for name in _HISTORIES if is_history(value.get(name))), None)


def is_history(part: Any) -> bool:
    """Whether it is a list of objects, with one at least."""
    return isinstance(part, list) and {*map(type, part)} == _OBJECTS


_OBJECTS: Final = frozenset({dict})
_HISTORIES: Final = ("messages", "input", "contents")
"""The lists in which providers take a conversation."""
_MOST: Final = 4
"""Conversations that take turns."""
