"""Which texts a message quotes, in time linear in the texts: whole, or at least how they begin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, Generic, TypeVar

from pytest_llmtrace._model.messages import Message

Owner = TypeVar("Owner")

_HEAD: Final = 64
"""Characters that must be there of a longer text: prompts cut what they quote."""
_SHORT: Final = 8
"""A text with fewer characters is found only where it makes a whole line, apart from a number or a label before it."""
_BLOCKS: Final = (16, 4)
"""Characters of the blocks by which texts are found; a text needs two of them."""


class Quotations(Generic[Owner]):
    """Texts with their owners, looked up in messages.

    A block of `size` characters at every `size`-th place of a message lies wholly inside any text of twice that
    length that stands in it. So it is enough to look those blocks up among the first blocks of all texts, which are
    noted for each of the `size` ways in which a text may lie. A message is looked through when it first comes up: it
    cannot quote what was answered later.
    """

    def __init__(self) -> None:
        self._owners: dict[str, dict[Owner, None]] = {}
        """By the beginning of a text."""
        self._blocks: dict[str, dict[str, int]] = {}
        """For a block, the texts that hold it, and where."""
        self._short = False
        self._sizes: set[int] = set()
        self._messages: dict[str, Counter[str]] = {}
        """For each message, by digest, the beginnings that it holds, and how often."""

    def add(self, text: str, owner: Owner) -> None:
        """Note what an owner said, if anything."""
        head = _even(text)[:_HEAD].strip()
        if not head:
            return
        if head not in self._owners:
            self._note(head)
        self._owners.setdefault(head, {})[owner] = None

    def drop(self, head: str, owner: Owner) -> None:
        """Forget one that was found: nobody looks for it any more."""
        self._owners[head].pop(owner, None)

    def quoted(self, messages: Iterable[Message]) -> list[tuple[Owner, str, int]]:
        """Whose texts the messages hold, the beginning of each, and how often it is there."""
        found: Counter[str] = Counter()
        for message in messages:
            known = self._messages.get(message.digest)
            if known is None:
                known = self._messages[message.digest] = self._found(message.text) if self._owners else Counter()
            found += known
        return [(owner, head, times) for head, times in found.items() for owner in self._owners[head]]

    def _note(self, head: str) -> None:
        if len(head) < _SHORT:
            self._short = True
            return
        size = next(size for size in _BLOCKS if len(head) >= 2 * size - 1)
        self._sizes.add(size)
        for offset in range(size):
            self._blocks.setdefault(head[offset : offset + size], {}).setdefault(head, offset)

    def _found(self, text: str) -> Counter[str]:
        found: Counter[str] = Counter()
        if self._short:
            found.update(line for line in _lines(text) if len(line) < _SHORT and line in self._owners)
        even = _even(text)
        places = set()
        for size in self._sizes:
            for at in range(0, len(even) - size + 1, size):
                for head, offset in self._blocks.get(even[at : at + size], _NOTHING).items():
                    if at >= offset and even.startswith(head, at - offset):
                        places.add((head, at - offset))
        found.update(head for head, _ in places)
        return found


def _even(text: str) -> str:
    """A text as it is compared: whatever line breaks, indentation and JSON quoting a prompt gives it."""
    return " ".join(text.replace("\\n", " ").replace('\\"', '"').split())


def _lines(text: str) -> Iterator[str]:
    """Each line of a text without the number, the bullet or the label before what it says."""
    for line in text.splitlines():
        bare = line.strip()
        yield bare
        said = _MARK.sub("", bare)
        if said != bare:
            yield said


_NOTHING: Final[dict[str, int]] = {}
_MARK: Final = re.compile(r"^(?:[-*\u2022]|[\w#()\[\] .-]{0,40}[:.)\]])\s+")
