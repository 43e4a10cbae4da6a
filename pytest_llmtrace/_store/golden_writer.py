"""A trace as the data of a golden file: conversation by conversation, turn by turn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from pytest_llmtrace._model.canonical import canonical_json, digest, same_value, written_value
from pytest_llmtrace._model.conversations import Conversation, Turn, conversations
from pytest_llmtrace._model.fanout import FanOut, fan_outs
from pytest_llmtrace._model.rewriting import Rewritten
from pytest_llmtrace._model.trace import AnyEntry, Entry, LLMCall, ToolCall, Trace
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._store.call_text import call_text
from pytest_llmtrace._store.formats import FORMAT, FORMAT_KEY, LABEL_KEYS
from pytest_llmtrace._store.golden_finish import USUAL, obvious_finish, vocabulary
from pytest_llmtrace._store.golden_history import HistoryWriter
from pytest_llmtrace._store.golden_messages import output_data
from pytest_llmtrace._store.yaml_text import Block, Repeated


def golden_data(test: str, trace: Trace, totals: Totals, privacy: str | None = None) -> dict[str, Any]:
    """The data of a golden file, its keys in the order of the format. The trace is renumbered already."""
    calls = trace.calls
    grouped = conversations(calls)
    numbers = {id(call): number for number, one in enumerate(grouped, start=1) for call in one.calls}
    before, after = _between(trace.entries)
    order = [numbers[id(call)] for call in calls]
    writer = _Writer(calls, after)
    data: dict[str, Any] = {FORMAT_KEY: FORMAT, "test": test, "totals": _totals(totals)}
    if privacy is not None:
        data["privacy"] = privacy
    if order != sorted(order):
        data["order"] = _order(order)
    if before:
        data["before"] = [_entry(entry, Entry()) for entry in before]
    if found := fan_outs(calls):
        data["fan_outs"] = _fan_outs(found, grouped)
    data["conversations"] = [writer.conversation(number, one) for number, one in enumerate(grouped, start=1)]
    if writer.schemas:
        data["tools"] = Block(sorted(writer.schemas.items()))
    return data


class _Writer:
    """Writes conversations, with what they have in common: histories and tool schemas."""

    def __init__(self, calls: Iterable[LLMCall], after: Mapping[int, list[AnyEntry]]) -> None:
        self._histories = HistoryWriter()
        self._after = after
        tools = {id(tool): tool for call in calls for tool in call.tools}
        self._references = _tool_references(tools)
        self.schemas = {self._references[key]: Repeated(tool) for key, tool in tools.items()}

    def conversation(self, number: int, conversation: Conversation) -> dict[str, Any]:
        """The data of one conversation."""
        first = conversation.turns[0].call
        word = vocabulary(conversation.calls)
        shared = self._shared(first)
        turns = [
            self._turn(number, turn, {} if _shares(turn.call, first) else self._own(turn.call, shared), word)
            for turn in conversation.turns
        ]
        if word != USUAL:
            shared["finish"] = word
        header = {name: value for name, value in shared.items() if value != _DEFAULTS[name]}
        return {**header, "turns": turns}

    def _shared(self, call: LLMCall) -> dict[str, Any]:
        """What usually holds for a whole conversation."""
        return {
            "agent": call.agent,
            "session": call.session,
            "parent": call.parent,
            "task": call.task,
            "operation": call.operation,
            "model": _model(call),
            "streamed": call.streamed,
            "params": dict(call.params),
            "tools": [self._references[id(tool)] for tool in call.tools],
        }

    def _own(self, call: LLMCall, shared: Mapping[str, Any]) -> dict[str, Any]:
        """What holds for a call and not for its conversation."""
        return {name: value for name, value in self._shared(call).items() if not _equal(value, shared[name])}

    def _turn(self, number: int, turn: Turn, data: dict[str, Any], word: str | None) -> dict[str, Any]:
        """The data of one turn, which begins with what holds for it alone."""
        call = turn.call
        if call.turn is not None:
            data["turn"] = call.turn
        if call.fallback_from is not None:
            data["fallback"] = {"from": call.fallback_from.model, "error": call.fallback_from.error}
        if turn.rewritten is not None:
            data["context"] = _context(turn.rewritten)
        sent = self._histories.sent(number, turn)
        if sent:
            data["in"] = sent
        if call.output is not None:
            data["out"] = output_data(call.output)
        if call.finish_reason != obvious_finish(word, call.output):
            data["finish"] = call.finish_reason
        return {**data, **self._outcome(call)}

    def _outcome(self, call: LLMCall) -> dict[str, Any]:
        data: dict[str, Any] = {}
        if call.status != ("ok" if call.error is None else "error"):
            data["status"] = call.status
        if call.error is not None:
            status = {} if call.error.status is None else {"status": call.error.status}
            data["error"] = {"type": call.error.type, "message": call.error.message, **status}
        if call.usage is not None:
            data["usage"] = call.usage.to_data()
        if call.cost is not None:
            data["cost_usd"] = _money(call.cost)
        if call.cache_hit:
            data["cache_hit"] = True
        if len(call.attempts) > 1:
            data["attempts"] = [attempt.status for attempt in call.attempts]
        if id(call) in self._after:
            data["then"] = [_entry(entry, call) for entry in self._after[id(call)]]
        return data


def _shares(call: LLMCall, first: LLMCall) -> bool:
    """Whether a call has all that `_shared` tells in common with the first one; `False` says nothing."""
    if call is first:
        return True
    return (
        _labels(call) == _labels(first)
        and call.tools is first.tools
        and (call.params is first.params or same_value(dict(call.params), dict(first.params)))
    )


def _equal(one: Any, other: Any) -> bool:
    """Whether two values are one in JSON. Nearly always they are the same object, or written alike."""
    return one is other or same_value(one, other) or canonical_json(one) == canonical_json(other)


def _fan_outs(found: Iterable[FanOut], grouped: Iterable[Conversation]) -> list[str]:
    """The turns that fed another one: ``1.1 2.1 3.1 -> 4.1``, for people; they are found again in the messages."""
    names = {
        id(turn.call): f"{number}.{turn.number}" for number, one in enumerate(grouped, start=1) for turn in one.turns
    }
    return [
        f"{' '.join(names[id(member.call)] for member in one.members)} -> {names[id(one.aggregator)]}" for one in found
    ]


def _context(rewritten: Rewritten) -> dict[str, Any]:
    """How a history was rewritten, for people: whoever reads the file finds it again in the messages."""
    new = {"new": len(rewritten.inserted)} if rewritten.inserted else {}
    return {"kind": rewritten.kind, "dropped": len(rewritten.dropped), **new}


def _between(entries: Iterable[AnyEntry]) -> tuple[list[AnyEntry], dict[int, list[AnyEntry]]]:
    """The entries that are no LLM calls: those before the first call, and by `id` of a call those after it."""
    before: list[AnyEntry] = []
    after: dict[int, list[AnyEntry]] = {}
    current = before
    for entry in entries:
        if isinstance(entry, LLMCall):
            current = after.setdefault(id(entry), [])
        else:
            current.append(entry)
    return before, {call: found for call, found in after.items() if found}


def _entry(entry: AnyEntry, context: Entry) -> dict[str, Any]:
    """A tool execution or an event, with the labels that differ from those of the call before it."""
    data: dict[str, Any] = {}
    if isinstance(entry, ToolCall):
        line = None if entry.arguments is None else call_text(entry.name, entry.arguments)
        data["tool"] = line or entry.name
        if line is None and (entry.arguments is not None or "(" in entry.name):
            data["arguments"] = entry.arguments
        optional = {"call_id": entry.call_id, "result": entry.result, "error": entry.error}
        data.update((name, value) for name, value in optional.items() if value is not None)
        if not entry.executed:
            data["executed"] = False
    elif not isinstance(entry, LLMCall):
        data["event"] = entry.name
        if entry.data is not None:
            data["data"] = entry.data
    for name in LABEL_KEYS:
        if getattr(entry, name) != getattr(context, name):
            data[name] = getattr(entry, name)
    return data


def _totals(totals: Totals) -> dict[str, Any]:
    cost = {"cost_usd": _money(totals.priced_usd)}
    if totals.unpriced_calls:
        cost = {"priced_usd": _money(totals.priced_usd), "unpriced_calls": totals.unpriced_calls}
    return {"calls": totals.calls, **totals.usage.to_data(), **cost}


def _money(usd: float) -> float:
    """US dollars without the noise of binary sums."""
    return float(f"{usd:.12g}")


def _order(numbers: Iterable[int]) -> str:
    """The conversations of the calls in the order in which those began: ``1 2x3 1``."""
    runs = ((number, sum(1 for _ in run)) for number, run in groupby(numbers))
    return " ".join(str(number) if count == 1 else f"{number}x{count}" for number, count in runs)


def _model(call: LLMCall) -> str | dict[str, str]:
    """``provider/model``, or both apart where that could not be taken apart again."""
    if "/" in call.provider or (not call.provider and "/" in call.model):
        return {"provider": call.provider, "name": call.model}
    return call.name


def _tool_references(tools: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
    """For each schema ``name@`` and as many digits of its digest as tell apart all those of one name."""
    named = {key: _named(dict(tool)) for key, tool in tools.items()}
    references: dict[int, str] = {}
    for length in _REFERENCE_DIGITS:
        references = {key: f"{name}@{whole[:length]}" for key, (name, whole) in named.items()}
        if len(set(references.values())) == len({whole for _, whole in named.values()}):
            break
    return references


def _named(tool: dict[str, Any]) -> tuple[str, str]:
    """The name of a schema and its digest: the tests of a module offer the same, which is made once in a process."""
    written = written_value(tool)
    known = _NAMED.get(written) if written is not None else None
    if known is None:
        known = _tool_name(tool), digest(canonical_json(tool))
        if written is not None:
            if len(_NAMED) >= _MOST:
                _NAMED.clear()
            _NAMED[written] = known
    return known


def _tool_name(tool: Mapping[str, Any]) -> str:
    return _UNFIT.sub("-", str(tool.get("name") or tool.get("type") or "tool"))


_labels: Final = attrgetter("agent", "session", "parent", "task", "operation", "provider", "model", "streamed")
_REFERENCE_DIGITS: Final = (4, 8, 16, 32)
_UNFIT: Final = re.compile(r"[^\w.-]+", re.ASCII)
_MOST: Final = 256
"""Schemas whose names and digests are remembered."""
_NAMED: Final[dict[bytes, tuple[str, str]]] = {}
"""By the schema, written."""
_DEFAULTS: Final[dict[str, Any]] = {
    "agent": None, "session": None, "parent": None, "task": None, "operation": "chat", "model": "",
    "streamed": False, "params": {}, "tools": [], "finish": USUAL,
}  # fmt: skip
