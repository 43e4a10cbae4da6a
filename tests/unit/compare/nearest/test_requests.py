"""The recorded request that comes nearest to one that is not on the tape."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmtrace._compare.nearest import requests as module
from pytest_llmtrace._compare.nearest.requests import NearestRequests
from pytest_llmtrace._model.http import HttpRequest


def request(url: str, body: Any = None, method: str = "GET") -> HttpRequest:
    """A request with a body of JSON, or of the text or bytes given."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return HttpRequest(method=method, url=url, body=data)


ORDERS = "https://shop.test/orders"
RECORDED = [
    request(f"{ORDERS}?status=open&page=1"),
    request(f"{ORDERS}/17"),
    request(ORDERS, {"item": "book", "count": 1}, "POST"),
    request(ORDERS, {"item": "pen", "count": 2}, "POST"),
    request("https://other.test/", b"\xff\x00"),
]


@pytest.mark.parametrize(
    ("made", "detail"),
    [
        (
            request(f"{ORDERS}?status=open&page=2"),
            f"nearest recorded: GET {ORDERS}?status=open&page=1: query.page '1' -> '2'",
        ),
        (request(f"{ORDERS}/18"), f"nearest recorded: GET {ORDERS}/17: path '/orders/17' -> '/orders/18'"),
        (
            request(ORDERS, {"item": "pen", "count": 3}, "POST"),
            f"nearest recorded: POST {ORDERS}: body.count 2 -> 3",
        ),
        (
            request(ORDERS, {"item": "pen", "count": 2}, "PUT"),
            f"nearest recorded: POST {ORDERS}: method 'POST' -> 'PUT'",
        ),
        (
            request("http://127.0.0.1:81/x", b"\xff\x00\x00", "PATCH"),
            (
                "nearest recorded: GET https://other.test/: method 'GET' -> 'PATCH'; scheme 'https' -> 'http'; "
                "host 'other.test' -> 'loopback'; 2 more"
            ),
        ),
        (request(f"{ORDERS}/17"), "recorded, but it was made more often than it was recorded"),
    ],
)
def test_what_the_nearest_request_has_different(made: HttpRequest, detail: str) -> None:
    """The most similar request is named, with the parts that differ: recorded, then made."""
    assert NearestRequests(RECORDED).detail(made) == (detail, False)


def test_long_values_are_cut() -> None:
    """A large body does not flood the message."""
    found = NearestRequests([request(ORDERS, b"a" * 500, "POST")])
    assert len(found.detail(request(ORDERS, b"b" * 500, "POST"))[0]) < 250


def test_a_call_that_is_recorded_at_another_address_names_the_base_url() -> None:
    """Where a setting of the client alone differs, recording anew is no way out; a changed body is no such case."""
    chat = request("https://gateway.test/openai/v1/chat", {"model": "m"}, "POST")
    found = NearestRequests([], calls=[chat])
    moved = request("https://api.test/v1/chat", {"model": "m"}, "POST")
    text, elsewhere = found.detail(moved, nearest=chat)
    assert elsewhere
    assert text == (
        "nearest recorded: POST https://gateway.test/openai/v1/chat: host 'gateway.test' -> 'api.test'; path "
        "'/openai/v1/chat' -> '/v1/chat'. The same is recorded at another address: set the client's base URL as it was "
        "when recording (OPENAI_BASE_URL, for example)"
    )
    changed = request("https://api.test/v1/chat", {"model": "n"}, "POST")
    text, elsewhere = found.detail(changed, nearest=chat)
    assert "base URL" not in text
    assert not elsewhere


def test_nothing_is_recorded() -> None:
    """An empty tape says so."""
    assert NearestRequests([]).detail(request(ORDERS)) == ("no request like it is recorded", False)
    assert NearestRequests([]).nearest(request(ORDERS)) is None


def test_a_query_may_repeat_a_name() -> None:
    """Values of one name are compared together, whatever their order."""
    found = NearestRequests([request(f"{ORDERS}?id=1&id=2")])
    text, _ = found.detail(request(f"{ORDERS}?id=3&id=1"))
    assert text == (f"nearest recorded: GET {ORDERS}?id=1&id=2: query.id[1] '2' -> '3'")


def test_a_plain_request_is_not_compared_with_llm_requests_of_other_places() -> None:
    """A stray request to a host that also answers LLM calls is near to one of them only where the place is the same."""
    chat = request("https://api.test/v1/chat", {"model": "m"}, "POST")
    only_calls = NearestRequests([], calls=[chat])
    assert only_calls.nearest(request("https://api.test/v1/files")) is None
    assert only_calls.nearest(request("https://api.test/v1/chat", {"model": "n"}, "POST")) is chat
    both = NearestRequests([request(f"{ORDERS}/17")], calls=[chat])
    assert both.detail(request("https://api.test/v1/files"))[0].startswith(f"nearest recorded: GET {ORDERS}/17: ")


def test_the_nearest_is_found_among_many() -> None:
    """No recorded request is passed over, however many there are, and each is taken apart once."""
    recorded = [request(ORDERS, {"n": at, "customer": f"c{at}"}, "POST") for at in range(1000)]
    found = NearestRequests(recorded)
    assert found.nearest(request(ORDERS, {"n": -1, "customer": "c998"}, "POST")) is recorded[998]


def test_what_a_call_is_nearest_to_is_explained_without_reading_the_rest() -> None:
    """The nearest call is known already: the bodies of a long tape are neither written out nor taken apart for it."""
    unread = (pytest.fail("a recorded request was read") for _ in range(1))
    chat = request("https://api.test/v1/chat", {"model": "m"}, "POST")
    found = NearestRequests((one for one in unread), calls=(one for one in unread))
    asked = request("https://api.test/v1/chat", {"model": "n"}, "POST")
    assert found.detail(asked, nearest=chat)[0] == f"nearest recorded: POST {chat.url}: body.model 'm' -> 'n'"


def test_of_many_places_only_the_one_that_is_asked_for_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is compared with those of its own path; the others are not even taken apart."""
    read: list[HttpRequest] = []
    real = module._body
    monkeypatch.setattr(module, "_body", lambda one: read.append(one) or real(one))
    recorded = [request(f"{ORDERS}/{at}", {"n": at}, "POST") for at in range(20)]
    found, asked = NearestRequests(recorded), request(f"{ORDERS}/7", {"n": 0}, "POST")
    assert found.nearest(asked) is found.nearest(asked) is recorded[7]
    assert read == [asked, recorded[7], asked]
