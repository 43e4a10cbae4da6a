"""Our mark in litellm's `kwargs`, the dict that carries a call through its events, which user callbacks get as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pytest_llmtrace._capture.from_litellm.call import LitellmCall

KEY: Final = "_llmtrace"


class Mark:
    """Holds our record of a call. Whoever copies, prints, pickles or serialises `kwargs` gets nothing of it."""

    __slots__ = ("call",)

    def __init__(self, call: LitellmCall) -> None:
        self.call = call

    def __repr__(self) -> str:
        return "<llmtrace>"

    def __copy__(self) -> Mark:
        return self

    def __deepcopy__(self, _memo: Any) -> Mark:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()  # a pickle may be read where this package is not


def marked_call(kwargs: Mapping[str, Any]) -> LitellmCall | None:
    """Our record of the call that these `kwargs` belong to."""
    mark = kwargs.get(KEY)
    return mark.call if isinstance(mark, Mark) else None
