"""The lines of files that hold JSON, each distinct one searched once: the tapes of a suite have most in common.

Tests of one application send the same system prompt, the same tools, the same parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmtrace._model.secrecy.search import STRICTEST, Known, secrets_in
from pytest_llmtrace._model.secrecy.values import Values

if TYPE_CHECKING:
    from pytest_llmtrace._model.secrecy.searched import CleanTexts


class Lines:
    """Searches the text of files, and remembers the lines in which nothing was found. Safe to use from threads.

    In JSON no text has a line end in it, so nothing that is secret by its form goes beyond its line. What is secret by
    the name of its field stands on the line of that name, unless somebody parted the two; what is secret by its value
    may hold a line end. Files of such kinds are searched whole.
    """

    def __init__(self, known: Known, clean: CleanTexts) -> None:
        """Args: known: the secrets; clean: an empty memory."""
        self._known = known
        self._clean = clean
        self._values = Values(known)
        self.mark = known.mark
        """What a file may say of itself in which nothing was found."""
        self._as_strict = frozenset({STRICTEST, self.mark})
        self._whole = any("\n" in value for value, _ in known.values)

    def hold_none(self, document: str, mark: str | None = None, *, parted: bool = True) -> bool:
        """Whether nothing secret is in the text of a file, which must be valid JSON.

        Args:
            document: the text.
            mark: of a search that found nothing in it, where that is sure. As this one would not either, but for values
                that were not known there, it is these alone that are looked for.
            parted: whether a name may stand on another line than its value: not where we have laid it out.
        """
        if mark in self._as_strict and not self._values.may_be_in(document):
            return True
        new = self._clean.others(document.split("\n"))
        if self._whole or (parted and any(map(_is_parted, new))):
            return not secrets_in(document, self._known, strict=True)
        if new and secrets_in("\n".join(new), self._known, strict=True):
            return False
        self._clean.add(*new)
        return True


def _is_parted(line: str) -> bool:
    """Whether a name stands on another line than its value. No such line is ever remembered."""
    bare = line.strip()
    return bare[-1:] == ":" or bare[:1] == ":"
