"""Data inside a page: JSON that no HTML parser can leave, and values that many tests share, written once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_PAGE: Final = 200_000
"""Characters of JSON after which a page of values is full: what is parsed at most to show one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A data block of the page."""

    id: str
    json: str
    """Safe as the content of a `<script>` element."""


def block(name: str, value: Any) -> Block:
    """A value as a data block."""
    return Block(id=name, json=_inert(_json(value)))


class Values:
    """Values by number, each distinct one once, in pages that a browser parses when it needs them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, value: Any) -> int:
        """The number of a value, which is entered where it is new."""
        return self._numbers.setdefault(_json(value), len(self._numbers))

    def pages(self) -> Iterator[tuple[int, Block]]:
        """The pages, each with the number of its first value."""
        first, size, page = 0, 0, list[str]()
        for number, text in enumerate(self._numbers):
            page.append(text)
            size += len(text)
            if size >= _PAGE:
                yield first, _page(first, page)
                first, size, page = number + 1, 0, []
        if page:
            yield first, _page(first, page)


def _page(first: int, texts: list[str]) -> Block:
    return Block(id=f"values-{first}", json=_inert("[" + ",".join(texts) + "]"))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _inert(text: str) -> str:
    r"""JSON as it may stand in a `<script>`: nothing in it ends the element, or opens a comment or another script.

    ``<`` occurs in JSON within strings alone, and there ``\u003c`` is the same character.
    """
    return text.replace("<", "\\u003c")
