"""What conversations cost whose histories are rewritten in every turn, counted in lines that Python runs."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llmtrace._compare.digests import behaviour_digest
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace._model.trajectory import tool_calls
from pytest_llmtrace._run.recording.borrowing import trace_of
from pytest_llmtrace._store.bodies import JsonBody
from pytest_llmtrace._store.golden_history import HistoryWriter
from pytest_llmtrace._store.golden_places import Places
from pytest_llmtrace._store.tape_file import dump_tape, load_tape

TURNS = 8
Json = dict[str, Any]
Rewrite = Callable[[int, list[Json]], list[Json]]
"""What an application makes of what was said, given the turn, from 0."""


def lines_of(work: Callable[[], object]) -> int:
    """How many lines of this package run: what is done at the speed of C counts as one."""
    count = 0

    def within(*_: object) -> Any:
        nonlocal count
        count += 1
        return within

    def entered(frame: Any, *_: object) -> Any:
        return within if "pytest_llmtrace" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def growth(work: Callable[[int], Callable[[], object]]) -> float:
    """How much more the third so many turns cost than the second: 1.0 where each costs the same."""
    work(TURNS)()
    counts = [lines_of(work(TURNS * times)) for times in (1, 2, 3)]
    return (counts[2] - counts[1]) / (counts[1] - counts[0])


def system(text: str) -> Json:
    return {"role": "system", "content": text}


def cleared(_: int, said: list[Json]) -> list[Json]:
    """All tool results but the last two."""
    old = [at for at, one in enumerate(said) if one["role"] == "tool"][:-2]
    return [system("s"), *(one | {"content": "cleared"} if at in old else one for at, one in enumerate(said))]


def memory(turn: int, said: list[Json]) -> list[Json]:
    return [system("s"), {"role": "user", "content": f"memories {turn}"}, *said]


def reminder(turn: int, said: list[Json]) -> list[Json]:
    return [system("s"), *said, {"role": "user", "content": f"reminder {turn}"}]


def edited_answers(_: int, said: list[Json]) -> list[Json]:
    return [system("s"), *(one | {"content": "noted"} if one["role"] == "assistant" else one for one in said)]


SHAPES: dict[str, Rewrite] = {
    "as it was": lambda _, said: [system("s"), *said],
    "clock in the prompt": lambda turn, said: [system(f"it is {turn}"), *said],
    "two agents, one history": lambda turn, said: [system("one" if turn % 2 else "two"), *said],
    "memories at the beginning": memory,
    "reminder at the end": reminder,
    "results that are cleared": cleared,
    "answers that are edited": edited_answers,
    "window": lambda _, said: [system("s"), *said[-9:]],
}


def agent(turns: int, rewrite: Rewrite, *, side: bool = False) -> Trace:
    """An agent that asks for a tool in every turn, as it is read from a tape."""
    said: list[Json] = [{"role": "user", "content": "do it"}]
    bodies: list[tuple[Json, Json]] = []
    for turn in range(turns):
        call = {"id": f"c{turn}", "type": "function", "function": {"name": "f", "arguments": f'{{"at": {turn}}}'}}
        answer: Json = {"role": "assistant", "tool_calls": [call]}
        sent = rewrite(turn, said)
        bodies.append(({"messages": sent}, {"message": answer, "finish_reason": "tool_calls"}))
        if side:
            title = {"message": {"role": "assistant", "content": f"title {turn}"}, "finish_reason": "stop"}
            bodies.append(({"messages": [*sent, answer, {"role": "user", "content": "a title?"}]}, title))
        said += [answer, {"role": "tool", "tool_call_id": f"c{turn}", "content": f"result {turn}"}]
    url = "https://api.openai.com/v1/chat/completions"
    return read(made(url, sent | {"model": "gpt-4o-mini"}, {"choices": [answer]}) for sent, answer in bodies)


def made(url: str, sent: Json, answer: Json) -> Interaction:
    response = HttpResponse(status=200, body=json.dumps(answer).encode())
    return Interaction(request=HttpRequest(method="POST", url=url, body=JsonBody(sent)), response=response, key="k")


def read(interactions: Iterable[Interaction]) -> Trace:
    return trace_of(load_tape(dump_tape(list(interactions), {}), Path("a.tape.json")).interactions, "t")


def judged(trace: Trace) -> Callable[[], object]:
    """What a replay makes of a trace: conversations, tool calls with their results, the digest of its behaviour."""
    return lambda: (conversations(trace.calls), tool_calls(trace), behaviour_digest(trace))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_turn_costs_what_is_new_in_it_whatever_was_rewritten(shape: str) -> None:
    """A turn of a long conversation costs as much as one of a short one: other messages are not looked at again."""
    assert growth(lambda turns: judged(agent(turns, SHAPES[shape]))) < 1.05


def test_a_side_call_in_every_turn_costs_as_much_in_a_long_conversation() -> None:
    """Calls beside the conversation, with its history, are not held against each other message by message."""
    assert growth(lambda turns: judged(agent(turns, SHAPES["as it was"], side=True))) < 1.05


def responses(turns: int) -> tuple[Interaction, ...]:
    """An agent that sends all items again with every request, as with OpenAI's Responses API without its storage."""
    items: list[Json] = [{"role": "user", "content": "do it"}]
    made_: list[Interaction] = []
    for turn in range(turns):
        thought: Json = {"type": "reasoning", "id": f"r{turn}", "summary": []}
        call: Json = {"type": "function_call", "call_id": f"c{turn}", "name": "f", "arguments": "{}"}
        sent: Json = {"model": "gpt-5", "instructions": "be kind", "input": list(items)}
        made_.append(
            made("https://api.openai.com/v1/responses", sent, {"output": [thought, call], "status": "completed"})
        )
        items += [thought, call, {"type": "function_call_output", "call_id": f"c{turn}", "output": f"result {turn}"}]
    return load_tape(dump_tape(made_, {}), Path("a.tape.json")).interactions


def test_items_that_are_sent_again_are_put_together_once() -> None:
    """Items of one answer become one message, the very same in all later requests that repeat them."""

    def work(turns: int) -> Callable[[], object]:
        recorded = responses(turns)
        return lambda: trace_of(recorded, "t")

    assert growth(work) < 1.05
    calls = trace_of(responses(4), "t").calls
    assert [[one.role for one in call.messages] for call in calls] == [
        ["system", "user", *["assistant", "tool"] * turn] for turn in range(4)
    ]
    assert all(one is other for one, other in zip(calls[-2].messages, calls[-1].messages, strict=False))


@pytest.mark.parametrize("shape", ["clock in the prompt", "reminder at the end", "results that are cleared"])
def test_a_golden_trace_is_laid_out_by_what_is_new(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each message stands is noted once, and again only where another one takes its place."""
    noted: list[object] = []
    real = Places.go_to

    def counted(self: Places, *history: Any) -> Iterable[Any]:
        found = list(real(self, *history))
        noted.extend(found)
        return found

    monkeypatch.setattr(Places, "go_to", counted)
    (conversation,) = conversations(agent(3 * TURNS, SHAPES[shape]).calls)
    writer = HistoryWriter()
    for turn in conversation.turns:
        writer.sent(1, turn)
    assert 2 * len(conversation.turns) < len(noted) <= 5 * len(conversation.turns)


def plain(trace: Trace) -> Trace:
    """The trace with plain tuples of messages that are equal, and not the same objects."""
    calls = [replace(call, messages=tuple(copy.copy(one) for one in call.messages)) for call in trace.calls]
    return Trace(owner=trace.owner, entries=tuple(calls))


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_taken_over_from_the_turn_before_is_what_looking_again_finds(shape: str) -> None:
    """Histories whose messages are equal and no common objects, so that all is looked at, come to the very same."""
    known = agent(TURNS, SHAPES[shape])
    fresh = plain(known)
    assert not any(one is other for one in known.calls[3].messages for other in fresh.calls[3].messages)
    assert conversations(fresh.calls) == conversations(known.calls)
    assert behaviour_digest(fresh) == behaviour_digest(known)
    assert tool_calls(fresh) == tool_calls(known)
