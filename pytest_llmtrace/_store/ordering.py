"""Keeping the order of an old file where its parts come again, so that a review shows what changed and no more."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterable, Sequence

from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.conversations import Conversation, conversations, history_digest
from pytest_llmtrace._model.fanout import fan_outs
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._model.renumber import renumber
from pytest_llmtrace._model.trace import AnyEntry, Event, LLMCall, ToolCall, Trace


def interactions_in_old_order(old: Sequence[Interaction], new: Sequence[Interaction]) -> tuple[Interaction, ...]:
    """The new interactions, those whose key the old tape has in its order."""
    keys = [one.key for one in new]
    return tuple(new[position] for position in in_old_order([one.key for one in old], keys, keys))


def trace_in_old_order(old: Trace, new: Trace) -> Trace:
    """The new trace, the turns, executions and events that the old one has in its order.

    Parallel conversations interleave differently in each run; that is no difference worth a line in a review. Where
    another order would make other conversations of the calls, the new order stays.
    """
    found = conversations(new.calls)
    old_keys, _ = _keys(old, conversations(old.calls))
    order = in_old_order(old_keys, *_keys(new, found))
    made = Trace(owner=new.owner, entries=tuple(new.entries[position] for position in order))
    return made if _members(conversations(made.calls)) == _members(found) else new


def fan_outs_in_order(trace: Trace) -> Trace:
    """The trace with the members of each fan-out in an order of their own: which one began first is chance.

    They share the places that they have, each member's calls together. A fan-out whose members did more than call
    models in between stays as it is, and so does one in whose order other conversations would be made of the calls.
    """
    entries = list(trace.entries)
    place = {id(entry): position for position, entry in enumerate(entries)}
    for fan_out in fan_outs(trace.calls):
        calls = [call for member in fan_out.members for call in member.calls]
        places = sorted(place[id(call)] for call in calls)
        between = entries[places[0] : places[-1]] if len(calls) > len(fan_out.members) else ()
        if all(isinstance(entry, LLMCall) for entry in between):
            for position, call in zip(places, calls, strict=True):
                entries[position] = call
    made = Trace(owner=trace.owner, entries=tuple(entries))
    same = made.entries == trace.entries or _members(conversations(made.calls)) == _members(conversations(trace.calls))
    return made if same else trace


def in_old_order(old: Iterable[Hashable], new: Sequence[Hashable], groups: Sequence[Hashable]) -> list[int]:
    """The positions of the new items, those that were there before in their old order.

    The first of several equal items stands for the first of the old ones, and so on. An item that was not there
    before stays behind the one that it came after, and behind those of its group that it came after.
    """
    waiting: dict[Hashable, deque[int]] = defaultdict(deque)
    for place, key in enumerate(old):
        waiting[key].append(place)
    places: list[tuple[int, int]] = []
    last_of_group: dict[Hashable, int] = {}
    last = -1
    for position, (key, group) in enumerate(zip(new, groups, strict=True)):
        if waiting[key]:
            last, rank = waiting[key].popleft(), -1
        else:
            last, rank = max(last, last_of_group.get(group, -1)), position
        last_of_group[group] = last
        places.append((last, rank))
    return sorted(range(len(new)), key=places.__getitem__)


def _members(found: Iterable[Conversation]) -> set[tuple[int, ...]]:
    return {tuple(id(call) for call in conversation.calls) for conversation in found}


def _keys(trace: Trace, found: Iterable[Conversation]) -> tuple[list[Hashable], list[Hashable]]:
    """For each entry what it must have in common with an old one to be that one again, and what it must stay behind."""
    calls: dict[int, tuple[Hashable, int]] = {}
    seen: Counter[Hashable] = Counter()
    for conversation in found:
        opening = _opening(conversation)
        seen[opening] += 1
        for turn in conversation.turns:
            calls[id(turn.call)] = ((opening, seen[opening]), turn.number)
    keys: list[Hashable] = []
    groups: list[Hashable] = []
    for entry in trace.entries:
        group: Hashable = None
        key: Hashable = _other(entry)
        if isinstance(entry, LLMCall):
            group, key = calls[id(entry)]
        keys.append((group, key))
        groups.append(group)
    return keys, groups


def _opening(conversation: Conversation) -> Hashable:
    """What tells a conversation from others in any run: its labels and first messages without random ids."""
    first = renumber(Trace(owner="", entries=(conversation.turns[0].call,))).calls[0]
    return first.session, first.agent, first.operation, history_digest(first.messages)


def _other(entry: AnyEntry) -> Hashable:
    if isinstance(entry, ToolCall):
        return "tool", entry.name, entry.agent, canonical_json(entry.arguments)
    return ("event", entry.name, entry.agent, canonical_json(entry.data)) if isinstance(entry, Event) else None
