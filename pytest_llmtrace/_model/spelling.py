"""The bytes that clients send for requests: what the histories of a conversation share is written once."""

from __future__ import annotations

import functools
import json
from json.encoder import encode_basestring
from operator import is_
from typing import Any, Final

from pytest_llmtrace._model.canonical import written_value
from pytest_llmtrace._model.json_strings import json_string


class Spelling:
    """JSON as httpx writes it, and so most SDKs do. Values must never change. Safe to use from threads."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        self._known: dict[int, tuple[Any, bytes]] = {}
        """By identity; the value is held, so that no other can have it."""
        self._found: dict[str, tuple[list[Any], memoryview]] = {}
        """Of each name the list that was last found in a body, and its items as they stand there."""

    def is_of(self, body: dict[str, Any], sent: bytes) -> bool:
        """Whether these are the bytes of an object (`of`). They are held against it piece by piece, and not made.

        A history that grows goes on from the one that was found last: what that had is compared in one piece.
        """
        at = 0
        try:
            for name, part in body.items():
                is_history = isinstance(part, list) and name != _TOOLS
                opening = _opening(b"," if at else b"{", name, b"[" if is_history else b"")
                if not sent.startswith(opening, at):
                    return False
                at += len(opening)
                if is_history:
                    at = self._behind(name, part, sent, at)
                    if at < 0:
                        return False
                else:
                    written = self._whole(part)
                    if not sent.startswith(written, at):
                        return False
                    at += len(written)
        except (ValueError, RecursionError):
            return False
        return sent[at:] == (b"}" if body else b"{}")

    def found(self, body: dict[str, Any], sent: bytes) -> None:
        """Note where the history of an object stands in its bytes, for one that goes on from it.

        Args:
            body: the object.
            sent: what is known to be its bytes, if not those of `json.dumps`.
        """
        lists = {name: part for name, part in body.items() if isinstance(part, list) and name != _TOOLS}
        first = _opening(b"{", next(iter(body), ""), b"")
        if not lists or not sent.startswith(first) or sent.startswith(b" ", len(first)):
            return  # `json.dumps` puts a space there
        history = max(lists, key=lambda name: len(lists[name]))
        start = at = 0
        for name, part in body.items():
            if name == history:
                start, at = at + len(_opening(b",", name, b"[")), 0  # from here on, what comes behind it is counted
            else:
                at += len(_opening(b",", name, b"")) + len(self._whole(part))
        self._found[history] = lists[history], memoryview(sent)[start : len(sent) - at - len(b"]}")]

    def _behind(self, name: str, items: list[Any], sent: bytes, start: int) -> int:
        """Where a list ends in what was sent, behind its bracket; -1 where it has other items there."""
        before, spelled = self._found.get(name, _NOTHING)
        known, at = 0, start
        if len(before) <= len(items) and all(map(is_, before, items)) and sent.startswith(spelled, start):
            known, at = len(before), start + len(spelled)
        if known < len(items):
            new = self._joined(items[known:])
            new = b"," + new if known else new
            if not sent.startswith(new, at):
                return -1
            at += len(new)
        self._found[name] = items, memoryview(sent)[start:at]
        return at + 1 if sent.startswith(b"]", at) else -1

    def _whole(self, part: Any) -> bytes:
        """The bytes of a member that no history is: tools, the schema of an answer, a model."""
        if not isinstance(part, dict | list):
            return _written(part)
        known = self._known.get(id(part))
        if known is None:
            known = self._known[id(part)] = part, _of_value(part)
        return known[1]

    def _joined(self, items: list[Any]) -> bytes:
        known = self._known
        found = [known.get(id(item)) for item in items]
        written = [one[1] if one is not None else self._item(item) for one, item in zip(found, items, strict=True)]
        return b",".join(written)

    def of(self, body: dict[str, Any]) -> bytes | None:
        """The bytes of an object; `None`, where it has none: a lone surrogate, say."""
        members: list[bytes] = []
        try:
            for name, part in body.items():
                if isinstance(part, list):
                    members.append(b"%b:[%b]" % (_written(name), self._joined(part)))
                else:
                    members.append(b"%b:%b" % (_written(name), _written(part)))
        except (ValueError, RecursionError):
            return None
        return b"{%b}" % b",".join(members)

    def item(self, item: Any) -> bytes:
        """The bytes of an item of a list in a body that has bytes."""
        known = self._known.get(id(item))
        return known[1] if known is not None else self._item(item)

    def around(self, body: dict[str, Any]) -> bytes:
        """The bytes of a body that has bytes, without the objects in its lists."""
        return self.of({name: _bare(part) for name, part in body.items()}) or b""

    def _item(self, item: Any) -> bytes:
        """A new item, which may come again."""
        written = _written(item)
        if isinstance(item, dict):
            self._known[id(item)] = (item, written)
        return written


@functools.lru_cache(maxsize=256)
def _opening(sign: bytes, name: str, bracket: bytes) -> bytes:
    """What stands before a value of an object, and before the items of a list."""
    return b"%b%b:%b" % (sign, _written(name), bracket)


def _of_value(part: Any) -> bytes:
    """What nearly every test of a suite says, each in objects of its own: known by its value, written once a run."""
    value = written_value(part)
    if value is None or len(value) > _LARGE:
        return _written(part)
    made = _wholes.get(value)
    if made is None:
        made = _written(part)
        if len(_wholes) >= _MOST_WHOLES:
            _wholes.clear()
        _wholes[value] = made
    return made


def _bare(part: Any) -> Any:
    return [item for item in part if not isinstance(item, dict)] if isinstance(part, list) else part


def _written(value: Any) -> bytes:
    if type(value) is str:
        return _text(value) if len(value) <= _SHORT else json_string(value).encode()
    if type(value) is dict:
        members = []
        for name, said in value.items():
            if type(said) is not str:
                break
            members.append(f"{encode_basestring(name)}:{json_string(said)}")
        else:  # as most messages are
            return f"{{{','.join(members)}}}".encode()
    return _HTTPX.encode(value).encode()


@functools.lru_cache(maxsize=256)
def _text(value: str) -> bytes:
    """A short text: names, models and the like, which every request has."""
    return encode_basestring(value).encode()


_SHORT: Final = 64
_TOOLS: Final = "tools"
_wholes: Final[dict[bytes, bytes]] = {}
_MOST_WHOLES: Final = 32
_LARGE: Final = 65_536
_NOTHING: Final[tuple[list[Any], memoryview]] = [], memoryview(b"")

_HTTPX: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
