"""Traces of all kinds, and small changes to them, as hypothesis strategies."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from pytest_llmtrace._model.messages import Message, message
from pytest_llmtrace._model.trace import AnyEntry, CallError, Event, LLMCall, ToolCall, Trace
from tests.unit.compare.traces import Turn, asks, chat, result, says, system, tool, trace, user

words = st.sampled_from(["a", "b", "c", '{"x": 1}', '{"x": 2, "y": [1]}'])
arguments = st.fixed_dictionaries({}, optional={"p": st.integers(0, 1), "q": st.none()})
tool_calls = st.lists(st.tuples(st.sampled_from("fg"), arguments), min_size=1, max_size=2)
schemas = st.permutations("fgh").map(lambda names: tuple(tool(name, x="integer") for name in names[:2]))


def seldom(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """`None`, and now and then something else."""
    return st.integers(0, 5).flatmap(lambda roll: strategy if roll == 5 else st.none())


@st.composite
def conversations(draw: st.DrawFn, *, labels: bool) -> list[LLMCall]:
    """The calls of one conversation, each of which repeats the history; seldom, one of them a part of it only."""
    turns: list[Turn] = []
    asked = 0
    for number in range(draw(st.integers(1, 3))):
        added: list[Message] = [system(draw(words))] if number == 0 and draw(st.booleans()) else []
        if asked and draw(st.booleans()):
            added.extend(result(draw(words), of=place) for place in range(asked))
        else:
            added.append(user(draw(words)))
        wanted = draw(st.one_of(words, tool_calls, st.none()))
        output = says(wanted) if isinstance(wanted, str) else asks(*wanted) if wanted else None
        asked = len(wanted) if isinstance(wanted, list) else 0
        own = {
            "model": draw(seldom(st.just("other"))),
            "params": draw(seldom(st.sampled_from([{"t": 0}, {"t": 1}, {"t": None}]))),
            "tools": draw(seldom(schemas)),
            "finish_reason": draw(seldom(st.just("length"))),
        }
        if output is None:
            own |= {"error": CallError(type="E", message=draw(words), status=500), "status": "error"}
        turns.append((added, output, {name: value for name, value in own.items() if value is not None}))
    agent = draw(st.sampled_from([None, None, "x", "y"])) if labels else None
    session = draw(st.sampled_from([None, None, None, "s1", "s2"])) if labels else None
    calls = chat(*turns, agent=agent, session=session)
    cut = draw(seldom(st.tuples(st.integers(0, len(calls) - 1), st.integers(0, 3))))
    if cut is not None:
        shorter = calls[cut[0]].messages[min(cut[1], len(calls[cut[0]].messages) - 1) :]
        calls[cut[0]] = replace(calls[cut[0]], messages=shorter)
    return calls


@st.composite
def traces(draw: st.DrawFn, *, labels: bool = True) -> Trace:
    """Up to three conversations, one after the other or in between each other, events and executed tools among them."""
    waiting = draw(st.lists(conversations(labels=labels), min_size=1, max_size=3))
    entries: list[AnyEntry] = []
    mixed = draw(st.booleans())
    while waiting := [one for one in waiting if one]:
        entries.append(waiting[draw(st.integers(0, len(waiting) - 1)) if mixed else 0].pop(0))
    events = st.builds(Event, name=st.just("e"), data=words)
    executions = st.builds(ToolCall, name=st.sampled_from("fg"), arguments=arguments, result=words)
    for one in draw(st.lists(st.one_of(events, executions), max_size=2)):
        entries.insert(draw(st.integers(0, len(entries))), one)
    return trace(entries)


@st.composite
def changed(draw: st.DrawFn, original: Trace) -> Trace:
    """The trace with an entry dropped, repeated, moved, or (of a call) its first message replaced."""
    entries = list(original.entries)
    place = draw(st.integers(0, len(entries) - 1))
    taken = entries[place]
    how = draw(st.sampled_from(["drop", "repeat", "move", "edit"]))
    if how == "drop":
        del entries[place]
    elif how == "repeat":
        entries.insert(place, taken)
    elif how == "move":
        del entries[place]
        entries.insert(draw(st.integers(0, len(entries))), taken)
    elif isinstance(taken, LLMCall):
        entries[place] = replace(taken, messages=(user("edited"), *taken.messages[1:]))
    return trace(entries)


def with_new_ids(original: Trace) -> Trace:
    """The same trace, with other tool-call ids and nothing shared."""
    numbers = itertools.count()
    names: dict[str, str] = {}

    def renamed(name: Any) -> Any:
        return names.setdefault(name, f"new_{next(numbers)}")

    def copied(one: Message) -> Message:
        fields = dict(one)
        if one["tool_calls"]:
            fields["tool_calls"] = [{**item, "id": renamed(item["id"])} for item in one["tool_calls"]]
        if one["tool_call_id"]:
            fields["tool_call_id"] = renamed(one["tool_call_id"])
        return message(fields)

    return trace(
        [
            replace(
                one,
                messages=tuple(copied(sent) for sent in one.messages),
                output=copied(one.output) if one.output is not None else None,
            )
            if isinstance(one, LLMCall)
            else replace(one)
            for one in original.entries
        ]
    )
