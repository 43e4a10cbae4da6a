"""A part of a trace: one conversation of it, or some turns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pytest_llmtrace._model.conversations import Conversation
from pytest_llmtrace._model.trace import AnyEntry, LLMCall, Trace


def selected(
    found: Sequence[Conversation], conversation: str | None = None, turns: str | None = None
) -> tuple[Conversation, ...]:
    """The conversations of that label, or that number, and of them the turns from and to these numbers.

    Args:
        found: All conversations.
        conversation: A label, as reports show it, an id, or a number, from 1; `None`: all.
        turns: ``3`` or ``2-5``; `None`: all.

    Raises:
        ValueError: there is no such conversation or turn; the text says which there are.
    """
    chosen = [one for one in found if conversation in (None, one.label, one.id)]
    if not chosen and conversation is not None and conversation.isdecimal() and 0 < int(conversation) <= len(found):
        chosen = [found[int(conversation) - 1]]
    if not chosen:
        there = ", ".join(one.label for one in found)
        raise ValueError(f"there is no conversation {conversation!r}; there are {there or 'none'}")
    if turns is None:
        return tuple(chosen)
    span = _SPAN.fullmatch(turns)
    if span is None:
        raise ValueError(f"{turns!r} names no turns; give a number such as 3, or a range such as 2-5")
    first, last = int(span[1]), int(span[2] or span[1])
    made = [replace(one, turns=tuple(turn for turn in one.turns if first <= turn.number <= last)) for one in chosen]
    if not any(one.turns for one in made):
        longest = max(len(one.turns) for one in chosen)
        raise ValueError(f"there is no turn {turns}; the last one is turn {longest}")
    return tuple(one for one in made if one.turns)


def only(trace: Trace, found: Sequence[Conversation]) -> Trace:
    """The trace without all calls but those of some conversations; what came after a call stays with it."""
    wanted = {id(call) for one in found for call in one.calls}
    entries: list[AnyEntry] = []
    inside = False
    for entry in trace.entries:
        inside = id(entry) in wanted if isinstance(entry, LLMCall) else inside
        if inside:
            entries.append(entry)
    return replace(trace, entries=tuple(entries))


_SPAN: Final = re.compile(r"([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?", re.ASCII)
