"""A trace without what its run made up: random ids renumbered, tool arguments spelled one way.

Two runs that behave the same give equal traces after this, so it stands before both storage and comparison.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import is_
from typing import Any, Final

from pytest_llmtrace._model.conversations import Conversation, conversations
from pytest_llmtrace._model.exact_json import loads_exactly, spell_json
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.prefixes import History
from pytest_llmtrace._model.running import Running
from pytest_llmtrace._model.trace import AnyEntry, LLMCall, ToolCall, Trace, with_changes


def renumber(trace: Trace) -> Trace:
    """The trace with tool-call ids ``call_1``, ``call_2``, ... and UUIDs in labels ``id_1``, ``id_2``, ...

    Numbers follow the first appearance, conversation by conversation, so that the interleaving of parallel
    conversations does not matter. Equal ids stay equal and different ones different, everywhere in the trace. JSON
    arguments of tool calls come out evenly spaced, because frameworks print them again when they repeat an answer.
    Doing it twice changes nothing more. Each distinct message is made once and shared; a
    call is the same object where nothing changes in it and before it in its conversation.
    """
    entries = _each_itself(trace.entries)
    found = conversations(entry for entry in entries if isinstance(entry, LLMCall))
    if _are_without_ids(entries, found):
        return Trace(owner=trace.owner, entries=tuple(entries))
    names = _Names()
    calls: dict[int, LLMCall] = {}
    for conversation in found:
        sent: tuple[Message, ...] = ()
        same = True
        running = Running(names.message)
        for turn in conversation.turns:
            running.go_to(turn.call.messages)
            same = same and all(map(is_, running.keys[turn.kept :], turn.added))
            kept = min(turn.kept, len(sent))
            sent = History.after(sent, kept, running.keys[kept:])
            output = names.message(turn.call.output) if turn.call.output is not None else None
            same = same and output is turn.call.output
            if not same:  # nor what comes after it in this conversation, which repeats it
                calls[id(turn.call)] = with_changes(turn.call, messages=sent, output=output)
    return Trace(owner=trace.owner, entries=tuple(names.entry(calls.get(id(entry), entry)) for entry in entries))


def _are_without_ids(entries: Sequence[AnyEntry], found: Iterable[Conversation]) -> bool:
    """Whether there is nothing to renumber: nobody asked for a tool, and no label may be a UUID. Most are like that."""
    turns = [turn for conversation in found for turn in conversation.turns]
    said = [one for turn in turns for one in (*turn.added, turn.call.output) if one is not None]
    asks = not all(map(_ABOUT_TOOLS.isdisjoint, said)) and any(one["tool_calls"] or one["tool_call_id"] for one in said)
    return not asks and not any(
        isinstance(entry, ToolCall) or entry.session or entry.parent or entry.task for entry in entries
    )


def _each_itself(entries: Sequence[AnyEntry]) -> Sequence[AnyEntry]:
    """Entries with no call twice among them: conversations are told apart by identity."""
    if len({id(entry) for entry in entries}) == len(entries):
        return entries
    return [replace(entry) if isinstance(entry, LLMCall) else entry for entry in entries]


class _Names:
    """The numbers given so far, and the messages made with them."""

    def __init__(self) -> None:
        self._calls: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._messages: dict[str, Message] = {}

    def message(self, message: Message) -> Message:
        """The message with its tool-call ids renumbered: the same object where nothing changes."""
        made = self._messages.get(message.digest)
        if made is None:
            made = self._messages[message.digest] = self._made(message)
        return made

    def entry(self, entry: AnyEntry) -> AnyEntry:
        """An entry with its labels, and the id of a tool execution, renumbered."""
        changes: dict[str, Any] = {}
        for name in ("session", "parent", "task"):
            label = getattr(entry, name)
            if label and (changed := _UUID.sub(self._label, label)) != label:
                changes[name] = changed
        if isinstance(entry, ToolCall) and entry.call_id:
            changes["call_id"] = self._call(entry.call_id)
        return replace(entry, **changes) if changes else entry

    def _made(self, message: Message) -> Message:
        changes: dict[str, Any] = {}
        if isinstance(message["tool_calls"], list):
            changes["tool_calls"] = [_called(one, self._call) for one in message["tool_calls"]]
        if isinstance(message["tool_call_id"], str) and message["tool_call_id"]:
            changes["tool_call_id"] = self._call(message["tool_call_id"])
        same = all(message[name] == new for name, new in changes.items())
        return message if same else Message({**message, **changes})

    def _call(self, name: str) -> str:
        return self._calls.setdefault(name, f"call_{len(self._calls) + 1}")

    def _label(self, found: re.Match[str]) -> str:
        return self._ids.setdefault(found.group(), f"id_{len(self._ids) + 1}")


def _called(item: Any, number: Callable[[str], str]) -> Any:
    if not isinstance(item, dict):
        return item
    changes: dict[str, Any] = {}
    if isinstance(item.get("id"), str) and item["id"]:
        changes["id"] = number(item["id"])
    function = item.get("function")
    if isinstance(function, dict) and isinstance(function.get("arguments"), str):
        changes["function"] = {**function, "arguments": _evenly_spaced(function["arguments"])}
    return {**item, **changes}


def _evenly_spaced(arguments: str) -> str:
    try:
        value = loads_exactly(arguments)
        return spell_json(value) if isinstance(value, (dict, list)) else arguments
    except ValueError:
        return arguments


_ABOUT_TOOLS: Final = frozenset({"tool_calls", "tool_call_id"})
_UUID: Final = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE
)
