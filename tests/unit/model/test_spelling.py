"""The bytes that clients send for recorded requests."""

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
    assert [spelling.of(body), spelling.of(body)] == [httpx.Request("POST", "http://a.test", json=body).content] * 2


def test_what_requests_share_is_written_once_and_never_taken_for_something_else():
    """Items are told by which object they are, and held: one that is made later never has the place of an earlier."""
    spelling = Spelling()
    shared = {"content": "a"}
    made = [spelling.of({"messages": [shared, {"content": str(number)}]}) for number in range(100)]
    assert made == [b'{"messages":[{"content":"a"},{"content":"%d"}]}' % number for number in range(100)]


@pytest.mark.parametrize("value", ["\ud800", float("inf")], ids=["half a character", "a number that JSON has not"])
def test_what_has_no_bytes_of_its_own_has_none(value):
    """Clients escape it in their own ways, or refuse it."""
    assert Spelling().of({"messages": [{"content": value}]}) is None
