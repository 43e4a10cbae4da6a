"""The bytes that clients send for recorded requests."""

import json

import httpx
import pytest

from pytest_llmtrace._model.spelling import Spelling

BODIES = [
    {},
    {"messages": [], "model": "m"},
    {
        "messages": [{"role": "user", "content": 'gr\u00fc\u00dfe \u2028 \U0001f600 "/\\ \x00\x7f'}],
        "n": [1, [2.5, None]],
    },
    {"a": {"b": [True, 1, 1.0, -0.0, 1e-7, 10**30]}, "": ""},
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_it_is_what_httpx_sends(body):
    """To the byte, whatever stands in it, and the second time as well."""
    spelling = Spelling()
    sent = httpx.Request("POST", "http://a.test", json=body).content
    assert [spelling.of(body), spelling.of(body)] == [sent] * 2
    assert [spelling.is_of(body, sent), spelling.is_of(body, sent)] == [True] * 2
    others = [sent[:at] + b"~" + sent[at + 1 :] for at in range(len(sent))] + [sent[:-1], sent + b"}", b""]
    assert not any(spelling.is_of(body, other) for other in others)


def test_what_requests_share_is_written_once_and_never_taken_for_something_else():
    """Items are told by which object they are, and held: one that is made later never has the place of an earlier."""
    spelling = Spelling()
    shared = {"content": "a"}
    made = [spelling.of({"messages": [shared, {"content": str(number)}]}) for number in range(100)]
    assert made == [b'{"messages":[{"content":"a"},{"content":"%d"}]}' % number for number in range(100)]


def sent_for(body):
    return httpx.Request("POST", "http://a.test", json=body).content


def test_a_history_that_grows_goes_on_from_where_it_was_found():
    """What it had is compared with the bytes that it had; where any of it changed, or is missing, it is another one."""
    messages = [{"role": "user", "content": f"m{number}", "n": 1} for number in range(6)]
    tools = [{"type": "function", "function": {"name": "a", "strict": True}}]
    bodies = [{"messages": messages[:turn], "tools": tools} for turn in (1, 2, 4, 4, 3, 0, 6)]
    spelling = Spelling()
    assert [spelling.is_of(body, sent_for(body)) for body in bodies] == [True] * len(bodies)
    whole = bodies[-1]
    for changed in (messages[1:], messages[:-1], [{**messages[0], "n": True}, *messages[1:]], messages[::-1]):
        assert not spelling.is_of(whole, sent_for({**whole, "messages": changed}))
        assert not spelling.is_of({**whole, "messages": changed}, sent_for(whole))
    assert spelling.is_of(whole, sent_for(whole))


@pytest.mark.parametrize(
    "more",
    [{}, {"n": [1, 2], "stop": "x"}, {"tools": [{"name": "\u00fc"}] * 9, "text": {"format": [1, 2, 3]}}],
    ids=["alone", "another list", "tools"],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_history_goes_on_from_bytes_that_are_known_to_be_its_own(monkeypatch, more, first):
    """What they hold is not written once more; whatever is not in them is told apart as ever."""
    messages = [{"role": "user", "content": f"gr\u00fc\u00dfe {number}"} for number in range(6)]
    history = {"messages": messages[:4]}
    before = {**history, **more} if first else {**more, **history}
    body = {**before, "messages": messages}
    spelling, sent = Spelling(), sent_for(body)
    spelling.found(before, sent_for(before))
    written = []
    item = spelling._item
    monkeypatch.setattr(spelling, "_item", lambda one: written.append(one) or item(one))
    assert spelling.is_of(body, sent)
    assert [one for one in written if one in messages] == messages[4:]
    for at in range(len(sent)):
        assert not spelling.is_of(body, sent[:at] + b"~" + sent[at + 1 :])
    spelling.found(before, json.dumps(before, ensure_ascii=False).encode())
    assert spelling.is_of(body, sent)
    for other in ({}, {"messages": []}, {"model": "m"}):
        spelling.found(other, sent_for(other))
        assert spelling.is_of(body, sent)


@pytest.mark.parametrize("shape", [lambda part: {"tools": [part]}, lambda part: {"n": 1, "text": {"format": part}}])
def test_what_tests_have_in_common_is_known_by_its_values_and_types(shape):
    """Each test has its own objects; Python takes some of them for equal that are not."""
    for strict in (1, True, 1.0, 1):
        body = shape({"name": "a", "strict": strict})
        others = [shape({"name": "a", "strict": other}) for other in (1, True, 1.0)]
        assert [Spelling().is_of(body, sent_for(other)) for other in others] == [
            type(strict) is type(other) for other in (1, True, 1.0)
        ]
    many = [shape({"name": str(number)}) for number in range(100)]
    assert all(Spelling().is_of(body, sent_for(body)) for body in many)
    one = Spelling()
    assert all(one.is_of(body, sent_for(body)) for body in many * 2)
    assert not one.is_of(many[0], sent_for(many[1]))


@pytest.mark.parametrize("value", ["\ud800", float("inf")], ids=["half a character", "a number that JSON has not"])
def test_what_has_no_bytes_of_its_own_has_none(value):
    """Clients escape it in their own ways, or refuse it."""
    for body in ({"messages": [{"content": value}]}, {"tools": [{"content": value}]}, {"content": value}):
        assert Spelling().of(body) is None
        assert not Spelling().is_of(body, b'{"messages":[{"content":"?"}]}')
