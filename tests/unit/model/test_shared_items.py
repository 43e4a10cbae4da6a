"""Items that requests have in common are one object, and what is made of it is made once."""

from __future__ import annotations

import json
import tracemalloc
import weakref
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.http import HttpRequest, ReadJson, held_body, json_body
from pytest_llmtrace._model.matching import request_key
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy.eye import Eye
from pytest_llmtrace._model.secrecy.searched import Searched
from pytest_llmtrace._model.shared_items import SharedItems

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.sampled_from([0.0, 1.0, -0.0]), st.text(max_size=3))
ITEMS = st.dictionaries(st.sampled_from("ba"), st.one_of(SCALARS, st.lists(SCALARS, max_size=2)), max_size=2)
BODIES = st.dictionaries(st.sampled_from("dcé"), st.one_of(SCALARS, st.lists(st.one_of(ITEMS, SCALARS), max_size=3)))


@given(st.lists(BODIES, max_size=4))
def test_sharing_changes_no_value(bodies: list[dict[str, Any]]) -> None:
    """1, 1.0 and true stay what they are, keys keep their order, and the canonical form is the same."""
    shared = SharedItems()
    for body in bodies:
        before, form = json.dumps(body), canonical_json(body)
        shared.share(body)
        assert json.dumps(body) == before
        assert [shared.canonical(body), shared.canonical(body)] == [form, form]


def test_recorded_requests_share_their_history() -> None:
    """As those of a tape do; and they are the bytes, and have the key, of requests that share nothing."""
    redactor = Redactor().watched(Eye(Searched({})))
    turns = [{"role": "user", "content": f"turn {number}"} for number in range(3)]
    bodies = [json.dumps({"model": "m", "messages": turns[:count]}).encode() for count in (2, 3)]
    raw = [HttpRequest(method="POST", url="https://h/v1", body=body) for body in bodies]
    made = [redactor.request(one) for one in raw]
    assert made == raw
    assert [request_key(one) for one in made] == [request_key(one) for one in raw]
    first, second = (json_body(one)["messages"] for one in made)
    assert [one is other for one, other in zip(first, second, strict=False)] == [True, True]
    held = [held_body(one) for one in (*made, Redactor().request(raw[0]))]
    assert [isinstance(one, ReadJson) and one.shares for one in held] == [True, True, False]


def test_the_tools_of_all_requests_are_one_list() -> None:
    """As long as each is the same tool: 1 is not 1.0, and no list is that of another name."""
    shared = SharedItems()
    bodies: list[dict[str, Any]] = [{"tools": [{"n": 1}, 1.0]}, {"tools": [{"n": 1}, 1]}, {"more": [{"n": 1}, 1]}]
    bodies += [{"tools": [{"n": 1}, 1]}, {"tools": [{"n": 1.0}, 1]}, {"tools": [{"n": 1}]}]
    before = json.dumps(bodies)
    for body in bodies:
        shared.share(body)
    assert json.dumps(bodies) == before
    lists = [next(iter(body.values())) for body in bodies]
    assert [one is lists[1] for one in lists] == [False, True, False, True, False, False]


def test_a_growing_history_is_held_once() -> None:
    """Recording an agent takes memory for what is distinct in its requests, and each is still the bytes it was."""
    redactor = Redactor().watched(Eye(Searched({})))
    turns = [{"role": "user", "content": f"{number} {'words ' * 200}"} for number in range(100)]
    tracemalloc.start()
    made = [redactor.request(_asked(turns[:count])) for count in range(1, 101)]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [one.body for one in made] == [_asked(turns[:count]).body for count in range(1, 101)]
    assert held < sum(len(one.body) for one in made) / 4


def _asked(messages: list[dict[str, str]]) -> HttpRequest:
    body = json.dumps({"model": "m", "messages": messages}, separators=(",", ":")).encode()
    return HttpRequest(method="POST", url="https://h/v1", body=body)


def test_what_a_test_shared_goes_with_the_last_who_holds_it() -> None:
    """Nothing waits for the garbage collector, which would look at the history of every test of a run."""
    shared = SharedItems()
    for said in ("a", "b"):
        body = json.dumps({"messages": [{"role": "user", "content": said}]}, separators=(",", ":")).encode()
        assert request_key(HttpRequest(method="POST", url="https://h/v1", body=ReadJson.shared(body, shared)))
    gone = weakref.ref(shared)
    del shared
    assert gone() is None
