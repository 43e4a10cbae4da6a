"""The items of bodies in which nothing was found, by identity: of a history that grows, only what is new is looked at.

An item is an object in a list of the body: a message, a tool. Requests of one owner have equal ones in common
(`_model.shared_items`), and what is known of one holds for one set of secrets and for no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pytest_llmtrace._model.http import ReadJson
from pytest_llmtrace._model.secrecy.searched import Searched

NewTexts = Callable[[Iterable[Any]], bool]


class CleanItems:
    """Of one owner, and of one who looks. Safe to use from threads."""

    def __init__(self, *codings: str) -> None:
        """Args: codings: how bytes are read, in all of these ways."""
        self._codings = codings
        self._known: tuple[Searched | None, dict[int, Any]] = None, {}
        """By identity; the item is held, so that no other can have it."""

    def hold_none(self, body: ReadJson, searched: Searched, look: NewTexts | None = None) -> bool:
        """Whether nothing secret is in a body.

        Args:
            body: JSON.
            searched: the secrets, and what was searched for them already.
            look: looks at values in another way, too, and says whether nothing is in them.
        """
        known = self._of(searched)
        if id(body.value) in known:
            return True
        grown = body.grown
        rest: bytes | None
        if grown is not None and id(grown.base) in known:
            items, rest = grown.new, None
        else:
            parts = body.parts() if searched.pieces.apart else None
            if parts is None:
                whole = self._read(bytes(body))
                return (look is None or look([body.value])) and all(map(searched.pieces.hold_none, whole))
            items, rest = parts.items, parts.rest
        new = [item for item in items if id(item) not in known]
        if (
            look is not None
            and (new or rest is not None)
            and not look(new if rest is None else [*new, _bare(body.value)])
        ):
            return False
        texts = [text for item in new for text in self._read(body.spelled(item))]
        if not searched.pieces.none_holds(texts if rest is None else [*self._read(rest), *texts]):
            return False
        for one in (*new, body.value):
            known[id(one)] = one
        return True

    def new_in(self, body: ReadJson, sent: Mapping[str, Any], searched: Searched) -> list[Any] | None:
        """The items of a body in which something may be, where a file holds all of these itself.

        Args:
            body: shares its items.
            sent: what the file holds of it: all of it, or what it has in addition to earlier ones.
            searched: the secrets; what is new for them is.

        Returns:
            `None`: the file refers to something that was not searched for these secrets.
        """
        if "json" in sent:
            whole = body.value if isinstance(body.value, dict) else {}
            lists = [part for part in whole.values() if isinstance(part, list)]
            return [item for part in lists for item in part if isinstance(item, dict)]
        grown = body.grown
        if grown is None or id(grown.base) not in self._of(searched):
            return None
        lists = sent.get("changes", {}).get("lists", {}).values()
        added = {id(piece["add"]) for pieces in lists for piece in pieces if "add" in piece}
        return grown.new if added.issuperset(map(id, grown.new)) else None

    def note(self, values: Iterable[Any], searched: Searched) -> None:
        """Nothing secret is in these, as somebody else has found: bodies that share their items, and the items."""
        self._of(searched).update({id(value): value for value in values})

    def _read(self, raw: bytes) -> list[str]:
        return [raw.decode("ascii")] if raw.isascii() else [raw.decode(coding) for coding in self._codings]

    def _of(self, searched: Searched) -> dict[int, Any]:
        known = self._known
        if known[0] is not searched:
            known = self._known = searched, {}
        return known[1]


def _bare(value: Any) -> dict[str, Any]:
    """A body without the objects in its lists."""
    return {
        name: [item for item in part if not isinstance(item, dict)] if isinstance(part, list) else part
        for name, part in value.items()
    }
