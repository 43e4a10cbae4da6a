"""Views over a trace that tests and reports ask for: its tool calls, its last answer, its totals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from pytest_llmtrace._model.canonical import canonical_json, parse_json
from pytest_llmtrace._model.messages import Message, tool_requests
from pytest_llmtrace._model.trace import AnyEntry, LLMCall, ToolCall, Trace
from pytest_llmtrace._model.usage import Totals, Usage


def tool_calls(trace: Trace) -> tuple[ToolCall, ...]:
    """Each tool call of the trajectory once, in order: requested by a model, executed under observation, or both.

    A request is joined with its execution by call id, else by name and arguments, else by name alone; its result is
    the one observed, else the one that a later request reports back to the model.
    """
    return tuple(tool for _, tools in steps(trace) for tool in tools)


def steps(trace: Trace) -> Iterator[tuple[AnyEntry, tuple[ToolCall, ...]]]:
    """Each entry with the tool calls that it brings: those that a call asks for, or the execution that it is.

    An execution that a call asked for comes with that call, and not again.
    """
    results = _results(trace.calls)
    waiting = list(trace.executions)
    for entry in trace.entries:
        if isinstance(entry, ToolCall):
            if any(entry is one for one in waiting):
                waiting = [one for one in waiting if one is not entry]
                yield entry, (entry,)
        elif isinstance(entry, LLMCall) and entry.output is not None:
            made: list[ToolCall] = []
            asked = requested_tools(entry.output)
            unnamed = _unnamed_results(entry, asked, trace.calls)
            for requested, reported in zip(asked, unnamed, strict=True):
                execution = _execution(requested, waiting)
                waiting = [one for one in waiting if one is not execution]
                made.append(_joined(entry, requested, execution, results.get(requested.call_id or "", reported)))
            yield entry, tuple(made)
        else:
            yield entry, ()


def requested_tools(output: Message) -> tuple[ToolCall, ...]:
    """The tool calls that an assistant message asks for, arguments parsed."""
    made = []
    for item, function in tool_requests(output):
        text = function.get("arguments") or ""
        parsed = parse_json(text) if isinstance(text, str) else text
        arguments = parsed if parsed is not None else ({} if text == "" else text)
        made.append(ToolCall(name=str(function.get("name", "")), arguments=arguments, call_id=_id(item)))
    return tuple(made)


def _id(item: Mapping[str, Any]) -> str | None:
    found = item.get("id")
    return found if isinstance(found, str) else None


def last_text(trace: Trace) -> str | None:
    """The last text that a model answered, or `None`."""
    for call in reversed(trace.calls):
        if call.operation != "embeddings" and call.output is not None and call.output.text:
            return call.output.text
    return None


def first_user_text(trace: Trace) -> str | None:
    """The text of the first message that a user sent to a model, or `None`."""
    for call in trace.calls:
        for message in call.messages:
            if message["role"] == "user" and message.text:
                return message.text
    return None


def totals(calls: Iterable[LLMCall]) -> Totals:
    """Calls, tokens and US dollars. Failed calls without usage are free; others without a price are unknown."""
    result = Totals()
    for call in calls:
        if call.status == "missed":
            continue
        live = call.source == "live"
        free = call.cache_hit or (call.usage is None and call.status != "ok")
        cost = 0.0 if free else call.cost
        result += Totals(
            calls=1,
            usage=call.usage or Usage(),
            priced_usd=cost or 0.0,
            unpriced_calls=int(cost is None),
            live_calls=int(live),
            live_usd=(cost or 0.0) if live else 0.0,
            live_seconds=call.duration if live else 0.0,
        )
    return result


def _results(calls: Iterable[LLMCall]) -> dict[str, Any]:
    """What was reported back to a model, by call id."""
    found: dict[str, Any] = {}
    for call in calls:
        for message in call.messages:
            if message["role"] == "tool" and message["tool_call_id"]:
                found.setdefault(str(message["tool_call_id"]), message["content"])
    return found


def _unnamed_results(call: LLMCall, asked: Sequence[ToolCall], calls: Iterable[LLMCall]) -> list[Any]:
    """For each tool that a call asked for without an id (Gemini, Ollama): what the history that goes on from it says.

    Results follow in the order of the requests, and name their tool unless they leave that out.
    """
    found: list[Any] = [None] * len(asked)
    if all(one.call_id for one in asked):
        return found
    start = len(call.messages)
    history = next((one.messages for one in calls if _goes_on(one.messages, call.messages)), ())
    reports = list(takewhile(lambda message: message["role"] == "tool", history[start + 1 :]))
    for position, requested in enumerate(asked):
        fitting = (one for one in reports if one["name"] in (None, requested.name) and not one["tool_call_id"])
        if (report := next(fitting, None)) is not None:
            found[position] = report["content"]
            reports = [one for one in reports if one is not report]
    return found


def _goes_on(history: Sequence[Message], before: Sequence[Message]) -> bool:
    """Whether a history repeats another, has an answer after it, and tool results after that."""
    start = len(before)
    roles = [message["role"] for message in history[start : start + 2]]
    return roles == ["assistant", "tool"] and history[:start] == before


def _execution(requested: ToolCall, waiting: Iterable[ToolCall]) -> ToolCall | None:
    same_name = [one for one in waiting if one.name == requested.name]
    for one in same_name:
        if one.call_id is not None and one.call_id == requested.call_id:
            return one
    wanted = canonical_json(requested.arguments)
    unnamed = [one for one in same_name if one.call_id is None]
    for one in unnamed:
        if canonical_json(one.arguments) == wanted:
            return one
    return unnamed[0] if unnamed else None


def _joined(call: LLMCall, requested: ToolCall, execution: ToolCall | None, reported: Any) -> ToolCall:
    return ToolCall(
        id=execution.id if execution else "",
        started=execution.started if execution else call.started,
        duration=execution.duration if execution else 0.0,
        session=call.session,
        agent=call.agent,
        parent=call.parent,
        task=call.task,
        turn=call.turn,
        name=requested.name,
        arguments=requested.arguments,
        result=execution.result if execution and execution.result is not None else reported,
        error=execution.error if execution else None,
        call_id=requested.call_id,
        executed=execution is not None,
    )
