"""What is to be replaced in a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.key_shapes import PLACEHOLDER


@frozen
class Edit:
    """A stretch of a text that holds a secret, and what takes its place."""

    start: int
    end: int
    what: str
    """``an Anthropic key``, ``the value of OPENAI_API_KEY``, ``a secret by the name of its field`` ..."""
    replacement: str = PLACEHOLDER
    is_key: bool = False
    """Whether it was told by its form."""
    secret: str = ""
    """What is secret, decoded; in no report."""

    @property
    def shown(self) -> str:
        """Of a key, its beginning, by which it can be found and revoked; of all else nothing."""
        return f"{self.secret[:_SHOWN]}…" if self.is_key else ""


def merged(edits: Iterable[Edit]) -> list[Edit]:
    """The edits in order; those that overlap become one, which leaves nothing of either."""
    made: list[Edit] = []
    for edit in sorted(edits, key=lambda one: (one.start, -one.end)):
        last = made[-1] if made else None
        if last is None or edit.start >= last.end:
            made.append(edit)
        elif edit.end > last.end:
            made[-1] = replace(last, end=edit.end, replacement=PLACEHOLDER)
    return made


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text with merged edits made."""
    return "".join(_pieces(text, edits)) if edits else text


def _pieces(text: str, edits: Sequence[Edit]) -> Iterator[str]:
    position = 0
    for edit in edits:
        yield text[position : edit.start]
        yield edit.replacement
        position = edit.end
    yield text[position:]


_SHOWN: Final = 6
