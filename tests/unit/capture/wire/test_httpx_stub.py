"""The stub of httpx: its requests in our shape, recorded answers in its own, and live ones as they came."""

from __future__ import annotations

import gzip
from typing import Any

import httpx
import pytest

from pytest_llmtrace._capture import current
from pytest_llmtrace._capture.wire.httpx_stub import request_of, response_of, send
from pytest_llmtrace._capture.wire.switchboard import Switchboard
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.matching import request_key
from tests.unit.capture.conftest import observed_with

URL = "https://api.openai.com/v1/chat/completions?a=b"
BODY = b'{"model":"m","messages":[]}'


@pytest.fixture
def switchboard() -> Switchboard:
    return Switchboard(stop=LookupError, replay_only=False, allows=lambda _host: False)


def asked(**headers: str) -> httpx.Request:
    return httpx.Request("post", URL, content=BODY, headers=headers)


def test_each_request_has_its_own_headers() -> None:
    """Those of one client are read once; another key is another request, and a header that is there twice is one."""
    made = [request_of(asked(Authorization=f"Bearer key-{number}"), BODY) for number in (1, 2, 1)]
    assert [one.header("authorization") for one in made] == ["Bearer key-1", "Bearer key-2", "Bearer key-1"]
    assert made[0].headers is made[2].headers
    assert (made[0].method, made[0].url, made[0].body) == ("POST", URL, BODY)
    first = httpx.Request("POST", URL, content=BODY, headers=[("Content-Length", "27"), ("A", "b")])
    assert request_of(first, BODY).headers == (("host", "api.openai.com"), ("a", "b"))
    twice = httpx.Request("GET", URL, headers=[("X-Beta", "a"), ("x-beta", "b")])
    assert request_of(twice, b"").header("x-beta") == "a, b"


@pytest.mark.parametrize("value", [b"plain", "K\u00f6ln".encode(), b"K\xf6ln"], ids=["ascii", "utf-8", "latin-1"])
def test_headers_are_read_as_httpx_reads_them(value: bytes) -> None:
    """Whatever a header is written in: in ASCII, in UTF-8, or in bytes that are none of both."""
    request = httpx.Request("GET", URL, headers=[(b"X-City", value), (b"x-other", "\u00e4".encode("latin-1"))])
    headers = request_of(request, b"").headers
    assert headers == tuple(request.headers.multi_items())
    assert [request_of(httpx.Request("GET", URL, headers={"X": one}), b"").header("x") for one in (value, b"a")] == [
        httpx.Headers({"X": value})["x"],
        "a",
    ]


@pytest.mark.parametrize(
    "raw",
    [
        [],
        [(b"", b"")],
        [(b"Content-Type", b"a/b"), (b"X-Id", b"1"), (b"x-id", b"2")],
        [(b"X-City", "K\u00f6ln".encode()), (b"X-Other", b"\xc3")],
        [(b"X-City", "K\u00f6ln".encode())],
        [(b"X-\xc3", b"\xa9")],
        [(b"X-Lines", b"a\nb"), (b"X-Id", b"")],
    ],
    ids=["none", "empty", "ascii", "latin-1", "utf-8", "in two halves", "line end"],
)
def test_headers_of_answers_are_read_as_httpx_reads_them(raw: list[tuple[bytes, bytes]]) -> None:
    """All of them, in their order, with names in small letters."""
    answer = httpx.Response(200, headers=raw)
    assert response_of(answer, b"").headers == tuple(
        (name.lower(), said) for name, said in answer.headers.multi_items()
    )


def test_a_recorded_answer_is_open_as_one_from_the_network(switchboard: Switchboard) -> None:
    """With its own words for the status, the length that it has now, and nothing that a header may not hold."""
    recorded = HttpRequest(method="POST", url=URL, body=BODY)
    headers = (("content-type", "text/plain"), ("content-length", "99"), ("x-city", "Köln\r\n"))
    answer = HttpResponse(status=299, reason="Fine enough", headers=headers, body=b"hello")
    replay = observed_with("tape", (Interaction(request=recorded, response=answer, key=request_key(recorded)),))
    request = httpx.Request("POST", URL, content=iter([BODY[:5], BODY[5:]]))

    def real(*_: object) -> None:
        raise AssertionError("it went out")

    current.push(replay.recorder)
    try:
        given = send(switchboard, real, None, request, httpx)
    finally:
        current.pop(replay.recorder)

    assert (given.status_code, given.reason_phrase, given.is_closed) == (299, "Fine enough", False)
    assert given.headers.multi_items() == [
        ("content-type", "text/plain"),
        ("x-city", "K?ln??"),
        ("content-length", "5"),
    ]
    assert (given.read(), given.http_version) == (b"hello", "HTTP/1.1")
    assert b"".join(request.stream) == BODY


class Stream(httpx.SyncByteStream):
    def __init__(self, *parts: bytes | Exception) -> None:
        self.parts = parts
        self.closed = False

    def __iter__(self) -> Any:
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            yield part

    def close(self) -> None:
        self.closed = True


def test_a_live_answer_is_kept_plain_and_handed_on_as_it_came(switchboard: Switchboard) -> None:
    """The connection goes back to its pool, for the stream is read to its end."""
    packed = gzip.compress(b'{"a": 1}', mtime=0)
    stream = Stream(packed[:7], packed[7:])
    live = observed_with("live")
    current.push(live.recorder)
    try:
        answer = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=stream)
        given = send(switchboard, lambda *_: answer, None, asked(), httpx)
    finally:
        current.pop(live.recorder)

    assert (given.read(), given.headers["content-encoding"], stream.closed) == (b'{"a": 1}', "gzip", True)
    (exchange,) = live.recorder.exchanges
    assert exchange.response is not None
    assert (exchange.response.body, exchange.source) == (b'{"a": 1}', "live")


def test_an_answer_that_breaks_off_is_closed_and_raised(switchboard: Switchboard) -> None:
    """The client never gets it, and so could not close it."""
    stream = Stream(b"{", httpx.ReadError("gone"))
    with pytest.raises(httpx.ReadError, match="gone"):
        send(switchboard, lambda *_: httpx.Response(200, stream=stream), None, asked(), httpx)
    assert stream.closed


def test_what_one_request_is_says_nothing_of_the_next_one(switchboard: Switchboard) -> None:
    """An errand, a report or a websocket is told from an ordinary request each time, whatever came before."""
    ordinary = HttpRequest(method="POST", url=URL, headers=(("accept", "*/*"),), body=BODY)
    socket = HttpRequest(method="GET", url=URL, headers=(("upgrade", "websocket"),))
    errand = HttpRequest(method="GET", url="https://raw.githubusercontent.com/BerriAI/litellm/main/prices.json")
    report = HttpRequest(method="POST", url="https://api.openai.com/v1/traces/ingest")
    live = observed_with("live")
    current.push(live.recorder)
    try:
        for _ in range(2):
            assert switchboard.open(lambda: ordinary) is not None
            assert switchboard.open(lambda: socket) is None
            with pytest.raises(ConnectionRefusedError):
                switchboard.open(lambda: errand)
            assert switchboard.open(lambda: report) is None
    finally:
        current.pop(live.recorder)
    assert [one.address for one in live.recorder.passages.found(tuple)] == [f"websocket {URL.partition('?')[0]}"]
