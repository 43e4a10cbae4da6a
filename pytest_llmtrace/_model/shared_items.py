"""Requests that repeat a history, with equal items of their lists as one object: all that reads them recognises it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from operator import is_
from typing import Any, Final

from pytest_llmtrace._model.canonical import canonical_json, written_value
from pytest_llmtrace._model.exact_json import loads_anyhow
from pytest_llmtrace._model.growing import Growing, Grown, is_history
from pytest_llmtrace._model.growing_digests import GrowingDigests
from pytest_llmtrace._model.json_strings import json_string
from pytest_llmtrace._model.spelling import Spelling


class SharedItems:
    """The items of lists in bodies, each distinct one once, with its canonical form. Safe to use from threads."""

    def __init__(self) -> None:
        self._items: dict[bytes, Any] = {}
        self._lists: dict[str, list[Any]] = {}
        """The last one of each name."""
        self._canonical: dict[int, tuple[Any, str]] = {}
        """By identity; the item is held, so that no other can have it."""
        self.spelling = Spelling()
        """The bytes that a client sends for them."""
        self._growing = Growing()
        self._digests = GrowingDigests()

    def read(self, body: bytes) -> Grown | dict[str, Any] | None:
        """The object that a body holds, its items shared, where these are the bytes that a client sends for it.

        Then nothing is lost of it, which is as dear to find out in another way as parsing is. `None`: it is another
        spelling, or no object.
        """
        grown = self._growing.of(body, self._added)
        if grown is not None:
            return grown
        try:
            value: dict[str, Any] | None = loads_anyhow(body.decode()) if body[:1] == b"{" else None
        except ValueError:
            return None
        if value is None:
            return None
        self.share(value)
        if self.spelling.of(value) != body:
            return None
        self._growing.begin(body, value, self.spelling.of)
        return value

    def _added(self, added: bytes) -> list[dict[str, Any]] | None:
        """The messages that a client has added in these bytes; `None` where they are spelled in another way."""
        try:
            items = loads_anyhow(f"[{added[1:].decode()}]") if added[:1] == b"," else None
            if items is None or not is_history(items):
                return None
            new = [self._one(item) for item in items]
            return new if b"," + b",".join(map(self.spelling.item, new)) == added else None
        except (ValueError, RecursionError):
            return None

    def share(self, value: dict[str, Any]) -> None:
        """Put the items that came before in the place of equal ones, in the same order and of the same types."""
        if len(self._items) >= _MOST:
            self._items, self._lists, self._canonical, self.spelling = {}, {}, {}, Spelling()
            self._growing, self._digests = Growing(), GrowingDigests()
        for name, part in value.items():
            if isinstance(part, list) and part:
                part[:] = [self._one(item) if isinstance(item, dict) else item for item in part]
                last = self._lists.get(name)
                if last is not None and len(last) == len(part) and all(map(is_, last, part)):
                    value[name] = last  # the tools, as a rule
                else:
                    self._lists[name] = part

    def canonical(self, value: Mapping[str, Any]) -> str:
        """The canonical form of a value; of its shared items it is made once."""
        return "{" + ",".join(f"{canonical_json(key)}:{self._form(part)}" for key, part in sorted(value.items())) + "}"

    def digest(self, head: str, value: dict[str, Any], grown: Grown | None, plain: Callable[[str], bool]) -> str | None:
        """As `GrowingDigests.of`."""
        return self._digests.of(head, value, grown, plain, self._form)

    def _one(self, item: dict[str, Any]) -> Any:
        written = written_value(item)
        return item if written is None else self._items.setdefault(written, item)

    def _form(self, part: Any) -> str:
        if type(part) is not list:
            return self._form_of_item(part)
        known = self._canonical
        found = [known.get(id(item)) for item in part]
        forms = [
            one[1] if one is not None and one[0] is item else self._form_of_item(item)
            for one, item in zip(found, part, strict=True)
        ]
        return f"[{','.join(forms)}]"

    def _form_of_item(self, item: Any) -> str:
        if type(item) is not dict:  # what is no item of a list is asked for once
            return canonical_json(item)
        known = self._canonical.get(id(item))
        if known is None or known[0] is not item:
            known = item, _canonical(item)
            self._canonical[id(item)] = known
        return known[1]


def _canonical(item: dict[str, Any]) -> str:
    """The canonical form; where all parts are text, as in most messages, written in half the time."""
    if set(map(type, item.values())) <= _TEXTS:
        members = [f"{encode_basestring(name)}:{json_string(item[name])}" for name in sorted(item)]
        return f"{{{','.join(members)}}}"
    return canonical_json(item)


_TEXTS: Final = frozenset({str})
_MOST: Final = 100_000
"""Items that are held at once."""
