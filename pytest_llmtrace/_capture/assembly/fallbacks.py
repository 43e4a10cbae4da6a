"""Which calls were made because another one failed: by a litellm Router, by `fallbacks=`, or by hand.

What litellm says of its own calls is certain. Elsewhere a call takes the place of a failed one where the same task, or
the main thread, asks the same again: that order is the program's own. It is never told by the clock, because a replay
answers at once, and calls that ran side by side while they were recorded would seem to follow each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pytest_llmtrace._capture.enclosing import Enclosing
from pytest_llmtrace._capture.from_litellm.call import LitellmCall, continues
from pytest_llmtrace._model.conversations import history_digest
from pytest_llmtrace._model.trace import FailedCall, LLMCall


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tried:
    """A call that HTTP or litellm showed, and where it came from."""

    call: LLMCall
    enclosing: Enclosing | None = None
    """What it was made inside of."""
    owners: tuple[LitellmCall, ...] = ()
    """The litellm calls that it is: several where a Router tried again."""
    strand: object = None
    """See `strands`."""


def linked(tried: Iterable[Tried]) -> list[Tried]:
    """The calls in the order in which they began, each with the failed one that it replaces."""
    made: list[Tried] = []
    failed: list[Tried] = []
    for one in sorted(tried, key=lambda one: one.call.started):
        before = _replaced(one, failed)
        linked_one = one
        if before is not None:
            failed.remove(before)
            failure = FailedCall(model=before.call.name, error=_error_type(before))
            linked_one = replace(one, call=replace(one.call, fallback_from=failure))
        made.append(linked_one)
        if linked_one.call.status == "error":
            failed.append(linked_one)
    return made


def _replaced(one: Tried, failed: list[Tried]) -> Tried | None:
    said = [other for other in failed if _litellm_says(one, other)]
    found = [other for other in said if _asks_the_same(one.call, other.call)] or said
    if not found and one.strand is not None:
        found = [other for other in failed if other.strand is one.strand and _asks_the_same(one.call, other.call)]
    return found[-1] if found else None


def _litellm_says(one: Tried, other: Tried) -> bool:
    return bool(one.owners and other.owners) and continues(one.owners[0], other.owners[-1])


def _asks_the_same(one: LLMCall, other: LLMCall) -> bool:
    kinds = [(call.operation == "embeddings", call.agent, call.session) for call in (one, other)]
    return kinds[0] == kinds[1] and history_digest(one.messages) == history_digest(other.messages)


def _error_type(failed: Tried) -> str:
    """The exception's class where litellm names it, else the error type of the provider."""
    said = failed.owners[-1].error if failed.owners else None
    if isinstance(said, BaseException):
        return type(said).__name__
    return failed.call.error.type if failed.call.error is not None else "error"
