"""What a redactor remembers of the bodies that it has seen. A replay from a tape sees none: each is made when asked."""

from __future__ import annotations

from functools import cached_property

from pytest_llmtrace._model.secrecy.clean_items import CleanItems
from pytest_llmtrace._model.shared_items import SharedItems


class OfBodies:
    """Of one owner. Where two threads ask first at once, one of them remembers alone: its bodies are searched again."""

    @cached_property
    def items(self) -> SharedItems:
        """Those that requests have in common, where somebody looks at them."""
        return SharedItems()

    @cached_property
    def clean(self) -> CleanItems:
        """Those in which nothing was found."""
        return CleanItems("latin-1")
