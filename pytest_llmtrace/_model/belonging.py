"""Which call each tool execution and each event of a trace belongs to."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_llmtrace._model.messages import tool_requests
from pytest_llmtrace._model.trace import AnyEntry, Event, LLMCall, ToolCall

Beside = ToolCall | Event
"""An entry that is no LLM call."""


def entries_of_calls(entries: Iterable[AnyEntry]) -> tuple[tuple[Beside, ...], dict[int, list[Beside]]]:
    """The entries before the first call, and by `id` of a call those that belong to it, in the order of the trace.

    An execution belongs to the last call before it that asked for it; anything else, and an execution that nobody is
    seen to have asked for, to the last call of the same session and agent, else to the last call of any.
    """
    before: list[Beside] = []
    found: dict[int, list[Beside]] = {}
    asked: dict[str, LLMCall] = {}
    last: dict[tuple[str | None, str | None], LLMCall] = {}
    latest: LLMCall | None = None
    for entry in entries:
        speaker = entry.session, entry.agent
        if isinstance(entry, LLMCall):
            latest = last[speaker] = entry
            asked.update((str(one.get("id")), entry) for one, _ in tool_requests(entry.output or {}))
            continue
        requested = asked.get(entry.call_id or "") if isinstance(entry, ToolCall) else None
        home = requested or last.get(speaker) or latest
        if home is None:
            before.append(entry)
        else:
            found.setdefault(id(home), []).append(entry)
    return tuple(before), found
