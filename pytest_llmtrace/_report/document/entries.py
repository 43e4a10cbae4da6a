"""The full entries of a trace as plain data: what one line of the `.jsonl` report holds.

On its way from a worker a message is held once and entries refer to it by number, so that a history of T turns
travels in O(T); only the file repeats it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.fanout import fan_outs
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import AnyEntry, LLMCall, ToolCall, Trace
from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace._report.amounts import dollars
from pytest_llmtrace._report.plain import plain


def packed_entries(trace: Trace, tables: Tables | None = None) -> dict[str, Any]:
    """The entries of a trace with each distinct message and tool schema once: ``{"messages", "tools", "entries"}``.

    Args:
        trace: The trace.
        tables: Those of another trace, where both are to share them.
    """
    tables = tables or Tables()
    messages, tools = tables.messages, tables.tools
    places = _places(trace)
    entries = []
    for entry in trace.entries:
        data = entry_data(entry)
        if isinstance(entry, LLMCall):
            data.update(places[id(entry)])
            data["messages"] = [messages.number(message.digest, message) for message in entry.messages]
            data["tools"] = [tools.number(digest(canonical_json(plain(tool))), tool) for tool in entry.tools]
        entries.append(data)
    return {"messages": messages.values, "tools": tools.values, "entries": entries}


def unpacked_entries(packed: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries with their messages and tools in full again, one at a time."""
    for entry in packed["entries"]:
        if entry["type"] != "llm_call":
            yield entry
            continue
        full = dict(entry)
        full["messages"] = [packed["messages"][number] for number in entry["messages"]]
        full["tools"] = [packed["tools"][number] for number in entry["tools"]]
        yield full


def entry_lines(nodeid: str, packed: Mapping[str, Any]) -> Iterator[str]:
    """The entries as JSON lines, without line ends: ``{"type", "nodeid", ...}``."""
    for entry in unpacked_entries(packed):
        yield json.dumps({"type": entry["type"], "nodeid": nodeid, **entry}, ensure_ascii=False, allow_nan=False)


def entry_data(entry: AnyEntry) -> dict[str, Any]:
    """One entry as plain data: its type, its labels and everything known; messages and tools of a call left empty."""
    labels = {
        "id": entry.id,
        "session": entry.session,
        "agent": entry.agent,
        "parent": entry.parent,
        "task": entry.task,
        "turn": entry.turn,
        "started": entry.started,
        "duration": entry.duration,
    }
    if isinstance(entry, LLMCall):
        specific: dict[str, Any] = {"type": "llm_call", **labels, **_call_data(entry)}
    elif isinstance(entry, ToolCall):
        specific = {"type": "tool_call", **labels, **_fields(entry, _TOOL_FIELDS)}
    else:
        specific = {"type": "event", **labels, "name": entry.name, "data": entry.data}
    data: dict[str, Any] = plain(specific)
    return data


def _places(trace: Trace) -> dict[int, dict[str, Any]]:
    """For each call (by `id`) its conversation, and the number of the fan-out that it is a member of or aggregates."""
    aggregates = {id(one.aggregator): number for number, one in enumerate(fan_outs(trace.calls), start=1)}
    return {
        id(turn.call): {
            "conversation": conversation.id,
            "fanout": turn.fan_out,
            "aggregates": aggregates.get(id(turn.call)),
        }
        for conversation in conversations(trace.calls)
        for turn in conversation.turns
    }


_CALL_FIELDS = (
    "operation",
    "provider",
    "model",
    "response_model",
    "params",
    "output",
    "finish_reason",
    "status",
    "source",
    "cache_hit",
    "streamed",
)
_TOOL_FIELDS = ("name", "arguments", "result", "error", "call_id", "executed")


def _call_data(call: LLMCall) -> dict[str, Any]:
    return {
        **_fields(call, _CALL_FIELDS),
        "tools": [],
        "messages": [],
        "error": asdict(call.error) if call.error else None,
        "usage": _usage(call.usage),
        "cost_usd": dollars(call.cost),
        "attempts": [
            {"status": attempt.status, "source": attempt.source, "cost_usd": dollars(attempt.cost)}
            for attempt in call.attempts
        ],
        "fallback_from": asdict(call.fallback_from) if call.fallback_from else None,
    }


def _usage(usage: Usage | None) -> dict[str, int | bool] | None:
    return None if usage is None else usage.to_data()


def _fields(entry: AnyEntry, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in names}


class Table:
    """Values, each distinct one once, and the number of each."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[str, int] = {}

    def number(self, key: str, value: Message | Mapping[str, Any]) -> int:
        """The number of a value, which is entered where its key is new."""
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(plain(value))
        return self._numbers[key]


class Tables:
    """What packed entries refer to by number."""

    def __init__(self) -> None:
        self.messages = Table()
        self.tools = Table()
