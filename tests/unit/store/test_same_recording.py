"""Whether two tapes differ in nothing but what a provider makes up."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._store.interactions import InteractionWriter
from pytest_llmtrace._store.same_recording import same_recording
from tests.unit.store.exchanges import interaction

LONG = "a long text " * 30


def recording(
    *,
    call_id: str = "call_a",
    answer_id: str = "chatcmpl-1",
    created: int = 1,
    keys: str = "12",
    url: str = "http://localhost:1/v1",
    arguments: str = "{}",
    model: str = "m",
) -> list[dict[str, Any]]:
    """A recording of two turns, the second of which repeats a tool-call id of the first answer, as data."""
    said = {"role": "assistant", "tool_calls": [{"id": call_id, "function": {"name": "f", "arguments": arguments}}]}
    answers = [
        {"id": answer_id, "created": created, "choices": [{"message": said}]},
        {"id": f"{answer_id}x", "usage": {"n": 1}},
    ]
    user = {"role": "user", "content": LONG}
    bodies = [
        {"model": model, "messages": [user]},
        {"model": model, "messages": [user, said, {"role": "tool", "tool_call_id": call_id, "content": "ok"}]},
    ]
    return data(
        *(interaction(body, answer, key=key, url=url) for body, answer, key in zip(bodies, answers, keys, strict=True))
    )


def data(*interactions: Interaction) -> list[dict[str, Any]]:
    """Interactions as a tape holds them."""
    writer = InteractionWriter()
    return [json.loads(json.dumps(writer.data(one))) for one in interactions]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"created": 2},
        {"answer_id": "chatcmpl-2"},
        {"call_id": "call_b"},
        {"call_id": "call_b", "keys": "13"},
        {"url": "http://127.0.0.1:2/v1"},
        {"url": "http://[::1]:2/v1"},
    ],
)
def test_what_a_provider_makes_up_is_no_difference(changes: dict[str, Any]) -> None:
    """Times, ids that an answer brought, keys made with them, and ports of local servers may differ."""
    assert same_recording(recording(), recording(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": "13"},
        {"call_id": "call_b", "keys": "32"},
        {"arguments": '{"a": 1}'},
        {"model": "other"},
        {"url": "http://localhost:1/v2"},
        {"url": "https://example.com/v1"},
    ],
)
def test_everything_else_is_a_difference(changes: dict[str, Any]) -> None:
    """What was asked or answered, where it was sent, and keys without a reason to differ make another recording."""
    assert not same_recording(recording(), recording(**changes))


def test_an_id_stands_for_one_id() -> None:
    """Two ids that became one, or one that became two, are a difference."""
    one = data(*(interaction({}, {"id": name}) for name in "ab"))
    other = data(*(interaction({}, {"id": name}) for name in "cc"))
    assert not same_recording(one, other)
    assert not same_recording(other, one)
    assert same_recording(one, data(*(interaction({}, {"id": name}) for name in "cd")))


def test_only_ids_of_answers_may_differ_in_requests() -> None:
    """An id that the application itself made up is part of what it asked."""
    assert not same_recording(data(interaction({"id": "a"})), data(interaction({"id": "b"})))


def test_types_count() -> None:
    """Numbers and booleans that Python takes for equal are different JSON."""
    assert not same_recording(data(interaction({"a": 1}, {"b": 1})), data(interaction({"a": 1.0}, {"b": 1})))
    assert not same_recording(data(interaction({"a": 1}, {"b": 1})), data(interaction({"a": 1}, {"b": True})))


def test_streams_are_compared_event_by_event() -> None:
    """Ids and times in the events of a stream may differ, their text may not."""

    def stream(name: str, word: str) -> list[dict[str, Any]]:
        event = {"id": name, "created": len(name), "delta": {"content": word}}
        return data(interaction({}, f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n".encode()))

    assert same_recording(stream("a", "hi"), stream("bb", "hi"))
    assert not same_recording(stream("a", "hi"), stream("a", "ho"))


def test_more_or_fewer_interactions_are_a_difference() -> None:
    """A recording that was cut short or continued is another one."""
    assert not same_recording(recording(), recording()[:1])
    assert not same_recording([], recording())


@pytest.mark.parametrize("path", [("request",), ("response",), ("key",), ("request", "like"), ("response", "status")])
@pytest.mark.parametrize("value", [None, 7, "x", [], [1], {}])
def test_a_damaged_tape_is_another_one(path: tuple[str, ...], value: Any) -> None:
    """Anything can stand in an old file; it is then not the same."""
    damaged = copy.deepcopy(recording())
    place: Any = damaged[1]
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert not same_recording(damaged, recording())
    assert not same_recording([value, value], recording())
