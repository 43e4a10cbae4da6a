"""Digests of bodies of a growing history: what was digested for an earlier one is not digested again.

A digest is taken of a text from its beginning to its end. So it is kept as it stands behind the last message, and that
of the next body goes on from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pytest_llmtrace._model.canonical import canonical_json, hasher
from pytest_llmtrace._model.growing import Grown, history_in

Form = Callable[[Any], str]


class _Begun(NamedTuple):
    value: dict[str, Any]
    head: str
    digest: hashlib.blake2b
    """Of the head, and of the canonical form of the value up to the end of its last message."""
    tail: bytes
    """The rest of that form."""


class GrowingDigests:
    """Of the last bodies. Safe to use from threads."""

    def __init__(self) -> None:
        """Nothing is known yet. Nor whose bodies: who asks holds this, and would be held by it."""
        self._known: dict[int, _Begun] = {}
        """By the identity of the value, which is held, so that no other can have it."""

    def of(
        self, head: str, value: dict[str, Any], grown: Grown | None, plain: Callable[[str], bool], form: Form
    ) -> str | None:
        """The digest of a head and the canonical form of a value; `None`: it has no history, or not all of it is plain.

        Args:
            head: what stands before the value.
            value: the body.
            grown: which one it goes on from.
            plain: whether a stretch of the text is digested as it is.
            form: gives the canonical form of a member of a body, or of an item of one.
        """
        begun = self._gone_on(head, grown, plain, form) if grown is not None else None
        begun = begun or _begun(head, value, plain, form)
        if begun is None:
            return None
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[id(value)] = begun
        digest = begun.digest.copy()
        digest.update(begun.tail)
        return digest.hexdigest()

    def _gone_on(self, head: str, grown: Grown, plain: Callable[[str], bool], form: Form) -> _Begun | None:
        base = self._known.get(id(grown.base))
        if base is None or base.value is not grown.base or base.head != head:
            return None
        added = "".join([f",{form(item)}" for item in grown.new])
        if not plain(added):
            return None
        digest = base.digest.copy()
        digest.update(_raw(added))
        return _Begun(grown.value, head, digest, base.tail)


def _begun(head: str, value: dict[str, Any], plain: Callable[[str], bool], form: Form) -> _Begun | None:
    name = history_in(value)
    if name is None:
        return None
    members = {key: f"{canonical_json(key)}:{form(value[key])}" for key in sorted(value)}
    before = ",".join([member for key, member in members.items() if key <= name])
    behind = "".join([f",{member}" for key, member in members.items() if key > name])
    text, tail = f"{head}{{{before[:-1]}", f"]{behind}}}"
    return _Begun(value, head, hasher(_raw(text)), _raw(tail)) if plain(text) and plain(tail) else None


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


_MOST: Final = 16
"""Bodies that may be gone on from."""
