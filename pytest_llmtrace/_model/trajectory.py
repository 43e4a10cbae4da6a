"""Views over a trace that tests and reports ask for: its tool calls, its last answer, its totals."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import compress, takewhile
from operator import add, attrgetter, not_
from typing import Any, Final

from pytest_llmtrace._model.canonical import canonical_json, parse_json
from pytest_llmtrace._model.lately import Lately
from pytest_llmtrace._model.messages import Message, tool_requests
from pytest_llmtrace._model.prefixes import shared_prefix
from pytest_llmtrace._model.running import Several
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
    waiting = _Executions(trace.executions)
    unnamed = _UnnamedResults(trace.calls)
    for entry in trace.entries:
        if isinstance(entry, ToolCall):
            if waiting.remove(entry):
                yield entry, (entry,)
        elif isinstance(entry, LLMCall) and entry.output is not None:
            made: list[ToolCall] = []
            asked = requested_tools(entry.output)
            for requested, reported in zip(asked, unnamed.of(entry, asked), strict=True):
                execution = waiting.taken(requested)
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
    given = tuple(calls)  # budgets, the verdict and each table of a report ask for those of the same calls
    return _LATELY.of(given, lambda: _totals(given))


def _totals(calls: Sequence[LLMCall]) -> Totals:
    made = [call for call in calls if call.status != "missed"]
    costs = list(map(_cost, made))
    live = [call for call in made if call.source == "live"]
    return Totals(
        calls=len(made),
        usage=Usage.sum([call.usage for call in made if call.usage is not None]),
        priced_usd=_sum([cost or 0.0 for cost in costs]),
        unpriced_calls=costs.count(None),
        live_calls=len(live),
        live_usd=_sum([_cost(call) or 0.0 for call in live]),
        live_seconds=_sum([call.duration for call in live]),
    )


_LATELY: Final = Lately[Totals]()


def is_unpriced(call: LLMCall) -> bool:
    """Whether a call was made whose price is not known."""
    return call.status != "missed" and _cost(call) is None


def unpriced_models(calls: Iterable[LLMCall]) -> tuple[str, ...]:
    """The models of calls whose price is not known, each once, sorted."""
    return tuple(sorted({call.name for call in calls if is_unpriced(call)}))


def _cost(call: LLMCall) -> float | None:
    """What a call costs; `None`: unknown."""
    return 0.0 if call.cache_hit or (call.usage is None and call.status != "ok") else call.cost


def _sum(amounts: Iterable[float]) -> float:
    """One after the other, as totals add up; `sum` may round otherwise, depending on the version of Python."""
    return reduce(add, amounts, 0.0)


def _results(calls: Iterable[LLMCall]) -> dict[str, Any]:
    """What was reported back to a model, by call id."""
    found: dict[str, Any] = {}
    for messages, places in _unseen(calls):
        for message in map(messages.__getitem__, places):
            if message["role"] == "tool" and message["tool_call_id"]:
                found.setdefault(str(message["tool_call_id"]), message["content"])
    return found


def _unseen(calls: Iterable[LLMCall]) -> Iterator[tuple[Sequence[Message], Iterable[int]]]:
    """The messages of each call, and where it has one that no call before it had."""
    seen: set[int] = set()
    before: Sequence[Message] = ()
    for call in calls:
        messages = call.messages
        kept = shared_prefix(before, messages)
        rest = list(map(id, messages[kept:]))
        yield messages, compress(range(kept, len(messages)), map(not_, map(seen.__contains__, rest)))
        seen.update(rest)
        before = messages


class _UnnamedResults:
    """What was reported back to a model about tools that it asked for without an id (Gemini, Ollama)."""

    def __init__(self, calls: Sequence[LLMCall]) -> None:
        self._calls = calls
        self._going_on: dict[int, tuple[Message, ...]] | None = None
        """By identity of the call, the first history that goes on from it with its answer and results."""

    def of(self, call: LLMCall, asked: Sequence[ToolCall]) -> list[Any]:
        """For each tool that a call asked for, what the history that goes on from the call says.

        Results follow in the order of the requests, and name their tool unless they leave that out.
        """
        found: list[Any] = [None] * len(asked)
        if all(one.call_id for one in asked):
            return found
        if self._going_on is None:
            self._going_on = _going_on(self._calls)
        history = self._going_on.get(id(call), ())
        reports = list(takewhile(lambda message: message["role"] == "tool", history[len(call.messages) + 1 :]))
        for position, requested in enumerate(asked):
            fitting = (one for one in reports if one["name"] in (None, requested.name) and not one["tool_call_id"])
            if (report := next(fitting, None)) is not None:
                found[position] = report["content"]
                reports = [one for one in reports if one is not report]
        return found


def _going_on(calls: Sequence[LLMCall]) -> dict[int, tuple[Message, ...]]:
    """For calls that ask for tools without an id, the first history with their messages, an answer, and a result."""
    digests = Several[str](attrgetter("digest"))
    waiting: dict[int, list[LLMCall]] = {}
    for call in calls:
        if call.output is not None and any(not _id(item) for item, _ in tool_requests(call.output)):
            waiting.setdefault(digests.at(call.messages).beginnings()[-1], []).append(call)
    found: dict[int, tuple[Message, ...]] = {}
    digests = Several[str](attrgetter("digest"))
    before: Sequence[Message] = ()
    for history in (call.messages for call in calls) if waiting else ():
        beginnings = digests.at(history).beginnings()
        start = max(shared_prefix(before, history) - 1, 0)
        before = history
        asked = compress(range(start, len(history) - 1), map(waiting.__contains__, beginnings[start:]))
        for at in asked:
            if history[at]["role"] == "assistant" and history[at + 1]["role"] == "tool":
                found.update((id(call), history) for call in waiting.pop(beginnings[at], ()))
    return found


class _Executions:
    """The executions that no request was joined with so far."""

    def __init__(self, executions: Iterable[ToolCall]) -> None:
        self._left = {id(one): one for one in executions}
        self._by_id: dict[tuple[str, str], deque[ToolCall]] = {}
        self._by_arguments: dict[tuple[str, str], deque[ToolCall]] = {}
        self._by_name: dict[str, deque[ToolCall]] = {}
        """Those without an id, as in `_by_arguments`."""
        for one in self._left.values():
            if one.call_id is not None:
                self._by_id.setdefault((one.name, one.call_id), deque()).append(one)
            else:
                self._by_arguments.setdefault((one.name, canonical_json(one.arguments)), deque()).append(one)
                self._by_name.setdefault(one.name, deque()).append(one)

    def remove(self, execution: ToolCall) -> bool:
        """Take one out. Returns whether it was there."""
        return self._left.pop(id(execution), None) is not None

    def taken(self, requested: ToolCall) -> ToolCall | None:
        """Take out what a request is joined with: by id, else by name and arguments, else by name."""
        found = self._first(
            self._by_id.get((requested.name, requested.call_id or "")) if requested.call_id is not None else None
        )
        if found is None and requested.name in self._by_name:
            found = self._first(self._by_arguments.get((requested.name, canonical_json(requested.arguments))))
            found = found or self._first(self._by_name[requested.name])
        if found is not None:
            self.remove(found)
        return found

    def _first(self, waiting: deque[ToolCall] | None) -> ToolCall | None:
        while waiting and id(waiting[0]) not in self._left:
            waiting.popleft()
        return waiting[0] if waiting else None


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
