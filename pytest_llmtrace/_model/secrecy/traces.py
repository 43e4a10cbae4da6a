"""A trace without secrets: of a golden trace that an older version wrote, what recording would remove now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import AnyEntry, LLMCall, ToolCall, Trace

Redact = Callable[[Any], Any]


def redacted_trace(trace: Trace, redact: Redact) -> Trace:
    """The trace with all that was said rewritten; each distinct message once.

    Args:
        trace: as it was read.
        redact: removes secrets from JSON-like data, and gives the same object where there is none.
    """
    messages: dict[str, Message] = {}

    def message(one: Message) -> Message:
        made = messages.get(one.digest)
        if made is None:
            fields = dict(one)
            changed = redact(fields)
            made = messages[one.digest] = one if changed is fields else Message(changed)
        return made

    return replace(trace, entries=tuple(_entry(entry, redact, message) for entry in trace.entries))


def _entry(entry: AnyEntry, redact: Redact, message: Callable[[Message], Message]) -> AnyEntry:
    if isinstance(entry, LLMCall):
        error = entry.error
        return replace(
            entry,
            params=redact(dict(entry.params)),
            tools=tuple(redact(dict(tool)) for tool in entry.tools),
            messages=tuple(message(one) for one in entry.messages),
            output=None if entry.output is None else message(entry.output),
            error=None if error is None else replace(error, message=redact(error.message)),
        )
    if isinstance(entry, ToolCall):
        return replace(entry, arguments=redact(entry.arguments), result=redact(entry.result), error=redact(entry.error))
    return replace(entry, data=redact(entry.data))
