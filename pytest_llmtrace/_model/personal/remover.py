"""What the redactor needs of whoever knows personal data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmtrace._model.split_texts import Edit


class Personal(Protocol):
    """Removes personal data from texts (`personal.book`)."""

    def redact(self, text: str) -> str:
        """The text without it."""
        ...

    def edits(self, text: str) -> Sequence[Edit]:
        """What is to be replaced in a text of which a stream brings pieces."""
        ...

    def finds(self, text: str) -> bool:
        """Whether there is any in a text."""
        ...

    def keep(self, text: str) -> None:
        """Take the placeholders in a text for what they are."""
        ...
