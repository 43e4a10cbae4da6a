"""What a trace holds besides LLM calls: executed tools and events."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pytest_llmtrace._compare.differences.changes import Change, data_changes, tool_key, value_changes
from pytest_llmtrace._compare.differences.values import path_text, plain
from pytest_llmtrace._compare.fold import Ledger, Place, place
from pytest_llmtrace._compare.policies.policy import Policy
from pytest_llmtrace._compare.rules.normalize import normalized
from pytest_llmtrace._compare.rules.unordered import Sets
from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.trace import AnyEntry, Event, LLMCall, ToolCall, Trace

Shown = dict[str, Any]
"""What of an entry is compared."""


def execution_data(execution: ToolCall, policy: Policy | None = None) -> Shown:
    """What of an executed tool is compared."""
    return _normalized(
        {
            "name": execution.name,
            "arguments": execution.arguments if execution.arguments is not None else {},
            "result": execution.result,
            "error": execution.error,
        },
        "tool",
        policy,
    )


def event_data(event: Event, policy: Policy | None = None) -> Shown:
    """What of an event is compared."""
    return _normalized({"name": event.name, "data": event.data}, "event", policy)


def compare_entries(
    golden: Trace,
    observed: Trace,
    places: tuple[Mapping[int, Place], Mapping[int, Place]],
    ledger: Ledger,
    policy: Policy,
    *,
    stopped: bool,
) -> None:
    """Enter the differences of executed tools and events; their order does not count.

    Executions are compared only where the golden trace has some: a test may be observed more closely than before. An
    execution that differs because the tool call, or the result that was reported to the model, does is no difference
    of its own.

    Args:
        golden: The recorded trace.
        observed: The trace of this run.
        places: For the entries of each (by `id`), the turn after which they came.
        ledger: Where differences are entered.
        policy: What is normalised, and which lists are sets.
        stopped: Whether the observed trace ended early: what it lacks was not reached.
    """
    if golden.executions:
        here = [(execution_data(one, policy), places[0][id(one)]) for one in golden.executions]
        there = [(execution_data(one, policy), places[1][id(one)]) for one in observed.executions]
        for one, other in _paired(here, there, (_all, _call, _by_name)):
            _enter_execution(one, other, ledger, stopped=stopped)
    here = [(event_data(one, policy), places[0][id(one)]) for one in golden.events]
    there = [(event_data(one, policy), places[1][id(one)]) for one in observed.events]
    for one, other in _paired(here, there, (_all, _by_name)):
        _enter_event(one, other, ledger, stopped=stopped)


def entry_places(trace: Trace, calls: Mapping[int, Place]) -> dict[int, Place]:
    """For each entry (by `id`) that is no LLM call, the turn after which it came: of its own agent, else of any.

    Args:
        trace: The trace.
        calls: The places of its LLM calls, by their position among them.
    """
    places: dict[int, Place] = {}
    last: dict[tuple[str | None, str | None], Place] = {}
    latest: Place | None = None
    numbers = itertools.count()
    for number, entry in enumerate(trace.entries):
        speaker = (entry.session, entry.agent)
        if isinstance(entry, LLMCall):
            at = next(numbers)
            if at in calls:
                latest = last[speaker] = calls[at]
            continue
        after = last.get(speaker, latest) or _beginning(entry, calls)
        places[id(entry)] = place(after.conversation, after.turn, (*after.position, float(number)))
    return places


def _beginning(entry: AnyEntry, calls: Mapping[int, Place]) -> Place:
    """The place of what came before the first call."""
    label = calls[0].conversation if 0 in calls else entry.agent or entry.session or "main"
    return place(label, 1, (-1.0,))


Seen = tuple[Shown, Place]


def _paired(
    golden: list[Seen], observed: list[Seen], tells: Iterable[Callable[[Shown], Hashable]]
) -> Iterator[tuple[Seen | None, Seen | None]]:
    """Golden with observed entries that are equal by the first function, then by the second, ...; the rest alone."""
    for tell in tells:
        waiting: dict[Hashable, deque[Seen]] = {}
        for other in observed:
            waiting.setdefault(tell(other[0]), deque()).append(other)
        left: list[Seen] = []
        taken: set[int] = set()
        for one in golden:
            found = waiting.get(tell(one[0]))
            if not found:
                left.append(one)
                continue
            other = found.popleft()
            taken.add(id(other))
            yield one, other
        golden = left
        observed = [other for other in observed if id(other) not in taken]
    for one in golden:
        yield one, None
    for other in observed:
        yield None, other


def _all(shown: Shown) -> Hashable:
    return digest(canonical_json(shown))


def _call(shown: Shown) -> Hashable:
    return tool_key(shown["name"], shown["arguments"])


def _by_name(shown: Shown) -> Hashable:
    return str(shown["name"])


def _enter_execution(golden: Seen | None, observed: Seen | None, ledger: Ledger, *, stopped: bool) -> None:
    if golden is None or observed is None:
        shown, where = golden or observed  # type: ignore[misc]  # one of them is there
        if golden is not None and stopped:
            return
        call = {"name": shown["name"], "arguments": shown["arguments"]}
        change = Change(
            kind="tool_call",
            path=f"tool{path_text((shown['name'],))}",
            golden=call if golden is not None else None,
            observed=call if observed is not None else None,
            scope=shown["name"],
            place="execution",
            tools=(tool_key(shown["name"], shown["arguments"]),),
        )
        if ledger.follow(change, where) is None:
            ledger.enter(replace(change, tools=()), where)
        return
    (one, where), (other, _) = golden, observed
    news = [change for change in _execution_changes(one, other) if ledger.follow(change, where) is None]
    for change in news:  # no other execution follows from it: of equal calls each has a result of its own
        ledger.enter(replace(change.under(f"tool{path_text((one['name'],))}"), tools=()), where)


def _execution_changes(golden: Shown, observed: Shown) -> list[Change]:
    scope = golden["name"]
    tools = tuple(tool_key(one["name"], one["arguments"]) for one in (golden, observed))
    both = golden["arguments"], observed["arguments"]
    found = data_changes("tool_call", "arguments", *both, scope=scope, tools=tools, arguments=both)
    found += data_changes("error", "error", golden["error"], observed["error"], scope=scope, tools=tools)
    if (golden["error"] is None) == (observed["error"] is None):
        results = value_changes("tool_result", "result", golden["result"], observed["result"], scope=scope, tools=tools)
        # A result has the place that it has in the message which reports it to the model.
        found += [replace(one, role="tool", place=one.path.replace("result", "content", 1)) for one in results]
    return found


def _enter_event(golden: Seen | None, observed: Seen | None, ledger: Ledger, *, stopped: bool) -> None:
    if golden is None or observed is None:
        shown, where = golden or observed  # type: ignore[misc]  # one of them is there
        if golden is not None and stopped:
            return
        value = shown["data"] if shown["data"] is not None else shown["name"]
        path = f"event{path_text((shown['name'],))}"
        sides = (value if golden is not None else None, value if observed is not None else None)
        ledger.enter(Change(kind="event", path=path, golden=sides[0], observed=sides[1], place=path), where)
        return
    (one, where), (other, _) = golden, observed
    name = f"event{path_text((one['name'],))}.data"
    for change in data_changes("event", name, one["data"], other["data"]):
        ledger.enter(change, where)


def _normalized(data: Shown, root: str, policy: Policy | None) -> Shown:
    data = plain(data)
    if policy is None:
        return data
    if policy.normalize:
        name = data.pop("name")
        data = {"name": name, **normalized(data, policy.normalize)}
    return Sets(policy.unordered).entry(data, root) if policy.unordered else data
