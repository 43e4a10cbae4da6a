"""The spans of a trace: one for the test, below it one per agent, call of a model and tool execution.

Ids are made of what the spans say and of nothing else, so that the same recording gives the same spans. Recordings hold
no times: where a trace has none, each span takes a millisecond, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.trace import Event, LLMCall, ToolCall, Trace
from pytest_llmtrace._model.trajectory import steps, totals
from pytest_llmtrace._report.amounts import dollars
from pytest_llmtrace._report.spans.agents import NO_AGENT, Label, chain, label_of, starters
from pytest_llmtrace._report.spans.conventions import (
    Attributes,
    agent_attributes,
    call_attributes,
    error_type,
    json_text,
    operation_name,
    tool_attributes,
)
from pytest_llmtrace._report.spans.span import Kind, Span, SpanEvent, digits

_SECOND: Final = 1_000_000_000
_STEP: Final = _SECOND // 1000
"""Nanoseconds of a span whose time nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A span without ids."""

    label: Label = NO_AGENT
    """Who is at work; without a name the test is."""
    name: str
    kind: Kind
    begins: int
    ends: int
    attributes: Attributes
    error: str | None = None


def spans(trace: Trace, begins: int, *, content: bool = True) -> list[Span]:
    """The spans of a trace, the test's first, each before those below it.

    Args:
        trace: What a test did. Where any of its entries has a time, those times count.
        begins: When it began, in nanoseconds since 1970.
        content: Whether what was said is in them.
    """
    timed = any(entry.started or entry.duration for entry in trace.entries)
    drafts = list(_drafts(trace, begins, timed=timed, content=content))
    events = [one for one in drafts if isinstance(one, SpanEvent)]
    below = [one for one in drafts if isinstance(one, _Draft)]
    ends = max([begins + _STEP, *(one.ends for one in below), *(event.at for event in events)])
    test = _Draft(
        name=trace.owner, kind="internal", begins=begins, ends=ends, attributes=_test_attributes(trace, timed=timed)
    )
    above = starters(trace.entries)
    agents = [_agent_draft(label, above, below, trace.owner) for label in above]
    return _with_ids(test, agents, below, above, tuple(events))


def _agent_draft(label: Label, above: Mapping[Label, Label], below: list[_Draft], owner: str) -> _Draft:
    """An agent, from the first to the last of what it and those that it started did."""
    mine = [one for one in below if label in chain(one.label, above)]
    agent, session = label
    return _Draft(
        label=label,
        name=f"invoke_agent {agent or ''}".rstrip(),
        kind="internal",
        begins=min(one.begins for one in mine),
        ends=max(one.ends for one in mine),
        attributes={**agent_attributes(agent, session), "test.case.name": owner},
    )


def _drafts(trace: Trace, begins: int, *, timed: bool, content: bool) -> Iterator[_Draft | SpanEvent]:
    places = _places(trace)
    common: Attributes = {"test.case.name": trace.owner}
    now = begins
    for entry, tools in steps(trace):
        started = begins + round(entry.started * _SECOND) if timed else now
        if isinstance(entry, Event):
            now = started if timed else now + _STEP
            yield SpanEvent(name=entry.name, at=started, attributes=_event_attributes(entry) if content else {})
            continue
        if isinstance(entry, LLMCall):
            now = started + round(entry.duration * _SECOND) if timed else now + _STEP
            yield _Draft(
                label=label_of(entry),
                name=f"{operation_name(entry)} {entry.model}".rstrip(),
                kind="client",
                begins=started,
                ends=now,
                attributes={
                    **call_attributes(entry, content=content),
                    **common,
                    **places[id(entry)],
                    **_own(entry),
                    **({"llmtrace.source": entry.source} if timed else {}),
                },
                error=_error_text(entry) if content else error_type(entry),
            )
        for tool in tools:
            observed = timed and tool.executed
            started = begins + round(tool.started * _SECOND) if observed else now
            ends = started + round(tool.duration * _SECOND) if observed else started if timed else started + _STEP
            now = now if timed else ends
            yield _tool_draft(tool, started, ends, common, content=content)


def _tool_draft(tool: ToolCall, begins: int, ends: int, common: Attributes, *, content: bool) -> _Draft:
    attributes = tool_attributes(tool, content=content)
    return _Draft(
        label=label_of(tool),
        name=f"execute_tool {tool.name}",
        kind="internal",
        begins=begins,
        ends=ends,
        attributes={**attributes, **common, "llmtrace.executed": tool.executed},
        error=tool.error if content else str(attributes["error.type"]) if tool.error else None,
    )


def _places(trace: Trace) -> dict[int, Attributes]:
    """The conversation of each call, by `id`; not `gen_ai.conversation.id`, which is for names that others gave."""
    return {
        id(turn.call): {"llmtrace.conversation": conversation.label, "llmtrace.turn": turn.number}
        for conversation in conversations(trace.calls)
        for turn in conversation.turns
    }


def _own(call: LLMCall) -> Attributes:
    """What the conventions have no name for."""
    cost = dollars(call.cost)
    found: dict[str, Any] = {
        "llmtrace.cost_usd": None if cost is None else float(cost),
        "llmtrace.status": None if call.status == "ok" else call.status,
        "llmtrace.cache_hit": call.cache_hit or None,
        "llmtrace.usage.estimated": (call.usage is not None and call.usage.estimated) or None,
        "llmtrace.fallback_from": call.fallback_from.model if call.fallback_from else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _test_attributes(trace: Trace, *, timed: bool) -> Attributes:
    amounts = totals(trace.calls)
    cost = dollars(amounts.cost_usd)
    return {
        "test.case.name": trace.owner,
        "llmtrace.calls": amounts.calls,
        **({} if cost is None else {"llmtrace.cost_usd": float(cost)}),
        "llmtrace.times": "measured" if timed else "synthetic",
    }


def _event_attributes(event: Event) -> Attributes:
    return {} if event.data is None else {"llmtrace.data": json_text(event.data)}


def _error_text(call: LLMCall) -> str | None:
    if call.error is not None:
        return call.error.message or call.error.type
    return error_type(call)


def _with_ids(
    test: _Draft,
    agents: list[_Draft],
    below: list[_Draft],
    above: Mapping[Label, Label],
    events: tuple[SpanEvent, ...],
) -> list[Span]:
    drafts = [test, *agents, *below]
    said = [{"name": one.name, "attributes": _plain(one.attributes)} for one in drafts]
    said += [{"name": event.name, "attributes": _plain(event.attributes)} for event in events]
    trace_id = digits(canonical_json(said), 32)
    ids = [digits(f"{trace_id} {number}", 16) for number in range(len(drafts))]
    of_agents = {one.label: ids[number] for number, one in enumerate(agents, start=1)}
    parents = [None, *(above[one.label] for one in agents), *(one.label for one in below)]
    made = [
        Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_id=None if parent is None else of_agents.get(parent, ids[0]),
            name=one.name,
            kind=one.kind,
            begins=one.begins,
            ends=one.ends,
            attributes=one.attributes,
            error=one.error,
        )
        for span_id, parent, one in zip(ids, parents, drafts, strict=True)
    ]
    return [replace(made[0], events=events), *made[1:]]


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in attributes.items()}
