"""What was searched for one set of secrets and held none: of a history that grows only what is new is searched.

Every memory here is of one set of known secrets, and of no other: whoever comes to know another one asks a new
`Searched`, in which nothing was looked at yet (docs/design/0034).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from itertools import filterfalse
from typing import Final

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.secrecy.heads import Heads
from pytest_llmtrace._model.secrecy.lines import Lines
from pytest_llmtrace._model.secrecy.search import Known, secrets_in, without_secrets


class CleanTexts:
    """Texts in which nothing was found: as many as fit, then it begins anew. Safe to use from threads."""

    def __init__(self, most: int = 4 * 1024 * 1024) -> None:
        """Args: most: letters that are kept at once."""
        self._texts: set[str] = set()
        self._size = 0
        self._most = most
        self._lock = threading.Lock()

    def __contains__(self, text: str) -> bool:
        return text in self._texts

    def others(self, texts: Iterable[str]) -> list[str]:
        """Those of which that is not known."""
        return list(filterfalse(self._texts.__contains__, texts))

    def add(self, *texts: str) -> None:
        """Note that nothing was found in these texts."""
        with self._lock:
            new = set(texts) - self._texts
            size = sum(map(len, new))
            if self._size + size <= self._most:
                self._texts |= new
                self._size += size
                return
            for text in new:
                if len(text) > self._most:
                    continue
                if self._size + len(text) > self._most:
                    self._texts, self._size = set(), 0
                self._texts.add(text)
                self._size += len(text)


class Pieces:
    """JSON documents, searched piece by piece, each distinct piece once. Safe to use from threads.

    A piece ends where one object of a list ends and the next begins, or the list does. Nothing that is secret by form
    or by place goes beyond that; what is secret by its value might, where a brace is in it: then documents are searched
    whole.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._clean = CleanTexts()
        self._last = ""
        """A document that was searched: the next question is often about the same."""
        self.apart = not any(sign in value for sign in "{}[]" for value, _ in known.values)
        """Whether what is secret is in one piece, or in none."""

    def hold_none(self, document: str) -> bool:
        """Whether nothing secret is in a document, which must be valid JSON."""
        if not self.apart:
            return not secrets_in(document, self._known, strict=True)
        if document == self._last:
            return True
        if not self.none_holds(_BOUNDARY.split(document)):
            return False
        self._last = document
        return True

    def none_holds(self, pieces: Iterable[str]) -> bool:
        """Whether nothing secret is in any of the pieces that a document was taken into."""
        new = self._clean.others(pieces)
        # As lines of one text, which costs one search. What that finds beyond an end, the caller does not.
        if new and secrets_in("\n".join(new), self._known, strict=True):
            return False
        self._clean.add(*new)
        return True


class Searched:
    """One set of known secrets, with what was searched for it."""

    def __init__(
        self, values: Mapping[str, str], allowed: Sequence[re.Pattern[str]] = (), *, remembers: bool = True
    ) -> None:
        """Nothing was searched yet.

        Args:
            values: what is secret, each with what it is.
            allowed: what looks like a secret and is none.
            remembers: whether it keeps what `knowing` made.
        """
        self.values = values
        self.known = Known.of(values.items(), allowed)
        self.pieces = Pieces(self.known)
        """Of bodies."""
        self.lines = Lines(self.known, CleanTexts(most=1024 * 1024))  # what tests share comes again before that is full
        """Of files."""
        self.texts = CleanTexts()
        """That were read in all encodings, by whoever looks at what is left."""
        self.heads = Heads()
        """Of requests, from which nothing was taken out but secrets."""
        self._short: dict[str, str] = {}
        self._more: dict[frozenset[str], Searched] | None = {} if remembers else None
        self._last = "", False

    def cleaned(self, text: str) -> str:
        """The text with every secret replaced. A short one (a header, an address, a name) comes again and again."""
        made = self._short.get(text)
        if made is None:
            made = without_secrets(text, self.known)
            if len(text) <= _SHORT:
                if len(self._short) >= _MOST_SHORT:
                    self._short.clear()
                self._short[text] = made
        return made

    def knowing(self, values: Mapping[str, str]) -> Searched:
        """For these values as well, each with what it is. All owners of a run that learn the same share what it made.

        Not so what comes of that in turn: where each request has a proof of its own, nothing is kept of the last one.
        """
        new = {value: what for value, what in values.items() if value not in self.values}
        if not new:
            return self
        made = self._more.get(frozenset(new)) if self._more is not None else None
        if made is None:
            made = Searched({**self.values, **new}, self.known.allowed, remembers=False)
            if self._more is not None:
                if len(self._more) >= _MOST_SETS:
                    self._more.clear()
                self._more[frozenset(new)] = made
        return made

    def holds_none(self, text: str, *, strict: bool) -> bool:
        """Whether nothing secret is in a text that is searched as a whole; `strict`: whether it is JSON."""
        if (text, strict) != self._last:
            if secrets_in(text, self.known, strict=strict):
                return False
            self._last = text, strict
        return True


_BOUNDARY: Final = expression(r"\}(?:,\s?(?=\{\"[A-Za-z_])|\],\s?(?=\"[A-Za-z_]))")
"""Never inside of a text of JSON: a quote would have a backslash there, and behind the quote that ends a text no letter
can stand."""
_MOST_SETS: Final = 8
_SHORT: Final = 300
"""Letters of what is remembered with what came of it."""
_MOST_SHORT: Final = 512
