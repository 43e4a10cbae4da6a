"""The few recorded requests that may come nearest, told by their bodies as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmtrace._compare.nearest.shortlist import FEW, Likely, Shortlist, without_beginning
from pytest_llmtrace._model.http import HttpRequest, json_body
from pytest_llmtrace._store.bodies import JsonBody
from tests.unit.capture.dialects.test_hostile import CALLS

CHAT = "https://api.test/v1/chat/completions"
Body = dict[str, Any]


def request(body: object, url: str = CHAT) -> HttpRequest:
    """A request with a body of JSON."""
    return HttpRequest(method="POST", url=url, body=json.dumps(body).encode())


def says(*texts: str, **fields: Any) -> Body:
    """The body of a chat request."""
    return {"model": "m", **fields, "messages": [{"role": "user", "content": text} for text in texts]}


def found(asked: HttpRequest, *recorded: HttpRequest) -> list[Likely]:
    """What comes of a look-up; how much is shared has a test of its own."""
    return [one._replace(shared=0) for one in Shortlist(enumerate(recorded)).of(asked, json_body(asked))]


@pytest.mark.parametrize("operation", CALLS)
def test_what_is_said_is_found_in_every_dialect(operation: str) -> None:
    """No dialect's requests look as if they said nothing; a new one may need its name in `SAID`."""
    url, body = CALLS[operation]
    spoken = request({name: value or [{"role": "user", "content": "a"}] for name, value in body.items()}, url)
    assert found(spoken, spoken) == [Likely([0])]


@pytest.mark.parametrize(
    ("others", "url"),
    [
        ({}, "https://elsewhere.test/v1/chat/completions"),
        ({"model": "n"}, CHAT),
        ({"stream": True}, CHAT),
    ],
)
def test_place_model_and_form_come_first(others: Body, url: str) -> None:
    """Of a request that says the same elsewhere and one that says something else here, this one."""
    assert found(request(says("a")), request(says("a", **others), url), request(says("b"))) == [Likely([1])]


def test_where_no_place_or_model_is_the_same_all_may_be_meant() -> None:
    """An address or a model that changed hides nothing; positions stay in recorded order."""
    recorded = [request(says("a", model=name)) for name in "noon"]
    assert found(request(says("a"), "https://moved.test/"), *recorded) == [Likely([0, 1, 2, 3])]


def test_the_longest_common_history_decides() -> None:
    """Those that go on as the request does are left, whatever else says the same at the end."""
    recorded = [request(says(*texts)) for texts in ("x", "sx", "sa", "sab", "sabx", "scx")]
    assert found(request(says(*"sabz")), *recorded) == [Likely([3, 4])]


def test_one_of_many_texts_is_found_by_what_was_not_changed() -> None:
    """A long text is found by its ends, then by its middle, then by its words; a short one by its words."""
    texts = [" ".join(f"word{n * k % 83}" for k in range(1, 40)) for n in range(1, 5 * FEW)]
    recorded = [request(says("s", text)) for text in texts]
    first, *_ = found(request(says("s", f"{texts[20]} more")), *recorded)
    assert first.positions == [20]
    assert first.least > 0
    first, *_ = found(request(says("s", f"well {texts[20]} more")), *recorded)
    assert first.positions == [20]
    *_, last = found(request(says("s", " ".join(reversed(texts[20].split())))), *recorded)
    assert (20 in last.positions, len(last.positions), last.least) == (True, FEW, 0.0)
    short = [request(says("s", f"ask {n} {n + 1}")) for n in range(5 * FEW)]
    [few] = found(request(says("s", "then ask 20 21")), *short)
    assert 20 in few.positions


def test_what_a_look_up_learns_holds_for_the_next_one() -> None:
    """Each look-up compares what is asked itself: one that was equal to a recorded item says nothing of another."""
    history = [{"role": "user", "content": text} for text in "abc"]
    recorded = Shortlist(enumerate([request({"messages": history[:2]}), request({"messages": history})]))
    for texts, likely in (("abz", Likely([0, 1], shared=2)), ("abcz", Likely([1], shared=3)), ("zbc", Likely([0, 1]))):
        body = says(*texts, model=None)
        assert list(recorded.of(request(body), body)) == [likely]


def test_what_all_begin_with_is_left_out_but_for_the_last_of_it() -> None:
    """Bodies that are read for what differs keep their ends and all else they ask; others stay whole."""
    bodies = [says(*map(str, range(40)), "a", stream=True), says(*map(str, range(40))), says(*map(str, range(41)), "b")]
    cut = without_beginning(bodies, 40)
    assert [[one["content"] for one in body["messages"]] for body in cut] == [
        [*map(str, range(24, 40)), "a"],
        [*map(str, range(24, 40))],
        [*map(str, range(24, 41)), "b"],
    ]
    assert [{**body, "messages": 0} for body in cut] == [{**body, "messages": 0} for body in bodies]
    for whole in (bodies, [*bodies, {"system": "s", **bodies[0]}], [*bodies, {"contents": bodies[0]["messages"]}]):
        assert without_beginning(whole, 16 if whole is bodies else 40) is whole


@pytest.mark.parametrize("body", [[], "text", None, {}, {"model": "m"}, {"messages": []}])
def test_of_a_request_that_says_nothing_none_is_likely(body: object) -> None:
    """Then all are read."""
    assert found(request(body), request(says("a"))) == []


def test_values_that_nest_deeper_than_can_be_followed_are_neither_equal_nor_texts() -> None:
    """Comparing them breaks nothing."""
    deep: list[Any] = [[], []]
    for _ in range(20_000):
        deep = [[one] for one in deep]
    asked, one = (
        HttpRequest(method="POST", url=CHAT, body=JsonBody({"messages": [value]}))  # type: ignore[arg-type]
        for value in deep
    )
    assert found(asked, *[one] * (1 + FEW)) == [Likely(list(range(FEW)))]
