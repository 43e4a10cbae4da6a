"""A trace without secrets: of a golden trace that an older version wrote, what recording would remove now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter, is_
from typing import Any, Final

from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import AnyEntry, LLMCall, ToolCall, Trace

Redact = Callable[[Any], Any]

_NAMES = ("session", "agent", "parent", "task", "provider", "model", "response_model")
_names_of: Final[Callable[[LLMCall], tuple[str | None, ...]]] = attrgetter(*_NAMES)


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


def with_names(trace: Trace, made: Callable[[str], str]) -> Trace:
    """The trace with all names and labels in it rewritten, which are said by the application and not by a provider."""
    good: set[tuple[str | None, ...]] = set()
    entries: list[AnyEntry] = []
    for entry in trace.entries:
        said = _names_of(entry) if isinstance(entry, LLMCall) and entry.fallback_from is None else ()
        if said and (said in good or _are_good(said, made)):
            good.add(said)  # the calls of a conversation have the same
            entries.append(entry)
            continue
        entries.append(_with_names(entry, made))
    same = all(map(is_, entries, trace.entries))
    return trace if same else replace(trace, entries=tuple(entries))


def _are_good(said: tuple[str | None, ...], made: Callable[[str], str]) -> bool:
    """Whether names stay as they are; `False` says nothing of what an application said that is no text."""
    names = [one for one in said if type(one) is str]
    return len(names) + said.count(None) == len(said) and list(map(made, names)) == names


def _with_names(entry: AnyEntry, made: Callable[[str], str]) -> AnyEntry:
    changed: dict[str, Any] = {
        name: new for name in _NAMES if isinstance(old := getattr(entry, name, None), str) and (new := made(old)) != old
    }
    if not isinstance(entry, LLMCall) and (new := made(entry.name)) != entry.name:
        changed["name"] = new
    if isinstance(entry, LLMCall) and entry.fallback_from is not None:
        failed = entry.fallback_from
        entry = replace(entry, fallback_from=replace(failed, model=made(failed.model)))
    return replace(entry, **changed) if changed else entry


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
