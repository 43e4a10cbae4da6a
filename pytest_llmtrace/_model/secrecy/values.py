"""Values that are secret, looked for in a text that is known to hold nothing else: by look-ups, and no expression."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from pytest_llmtrace._model.secrecy.escapes import hides_letters
from pytest_llmtrace._model.secrecy.search import Known


class Values:
    """What is secret by its value alone. Safe to use from threads."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def may_be_in(self, text: str) -> bool:
        """Whether one of them may be in a text; where that is so, a search of the text finds out.

        Where it is not, none is there as it is, in JSON, in a form, or in base64 of that. Where escapes hide letters of
        the text, one may be.
        """
        spellings = self._spellings
        return any(map(text.__contains__, spellings)) or (bool(spellings) and hides_letters(text))

    @cached_property
    def _spellings(self) -> tuple[str, ...]:
        plain = [value for value, _ in self._known.values]
        return tuple(dict.fromkeys([*plain, *(one for value in plain for one in _in_base64(value))]))


def _in_base64(value: str) -> Iterator[str]:
    """What is the same in every base64 text that says this value among others, in either alphabet.

    Three letters of a text are four of base64, so it depends on where the value begins how it is written.
    """
    try:
        raw = value.encode("latin-1")  # read as one letter for a byte, as a search reads base64
    except UnicodeEncodeError:
        return  # which knows another spelling of it for that
    for before in range(_GROUP):
        end = (before + len(raw)) * 8 // _BITS
        written = base64.b64encode(bytes(before) + raw)[-(-before * 8 // _BITS) : end].decode()
        yield written
        yield written.replace("+", "-").replace("/", "_")


_GROUP: Final = 3
_BITS: Final = 6
"""Of a letter of base64."""
