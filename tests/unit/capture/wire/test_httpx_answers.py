"""Recorded answers as httpx takes them: read in one step, they are what httpx would have made of them."""

from __future__ import annotations

import asyncio
import gzip
import pickle
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest

from pytest_llmtrace._capture.wire.httpx_answers import answer_of
from pytest_llmtrace._model.http import HttpResponse

JSON = (("content-type", "application/json"), ("x-request-id", "a"))
ANSWER = HttpResponse(status=200, reason="OK", headers=JSON, body='{"a": "Köln"}'.encode())
URL = "https://api.example/v1"

each_library = pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])


def read_by_client(library: Any, made: Any, *, stream: bool = False) -> Any:
    """An answer as the caller of a client gets it."""

    class Transport(library.BaseTransport):  # type: ignore[misc]
        def handle_request(self, _request: object) -> Any:
            return made

    with library.Client(transport=Transport()) as client:
        return client.send(client.build_request("GET", URL), stream=stream)


def awaited_by_client(library: Any, made: Any) -> Any:
    """The same of an asynchronous client."""

    class Transport(library.AsyncBaseTransport):  # type: ignore[misc]
        async def handle_async_request(self, _request: object) -> Any:
            return made

    async def get() -> Any:
        async with library.AsyncClient(transport=Transport()) as client:
            return await client.get(URL)

    return asyncio.run(get())


def open_answer(library: Any) -> Any:
    """As any server's."""
    headers = [*JSON, ("content-length", str(len(ANSWER.body)))]
    stream = library.ByteStream(ANSWER.body)
    return library.Response(200, headers=headers, stream=stream, extensions={"reason_phrase": b"OK"})


@each_library
@pytest.mark.parametrize("sent", [read_by_client, awaited_by_client])
def test_an_answer_that_was_read_is_what_httpx_makes_of_it(library: Any, sent: Any) -> None:
    """All that it holds, its class included, so that it can be pickled; and it says how long it took."""
    ours, theirs = sent(library, answer_of(library, ANSWER, reason="OK")), sent(library, open_answer(library))
    assert type(ours) is type(theirs) is library.Response
    parts = [
        {name: value for name, value in vars(one).items() if name not in {"stream", "_decoder", "_request", "_elapsed"}}
        for one in (ours, theirs)
    ]
    assert parts[0] == parts[1]
    assert parts[0]["_content"] == ANSWER.body
    assert (ours.json(), ours.is_closed, ours.elapsed.total_seconds() > 0) == ({"a": "Köln"}, True, True)
    assert (ours.request.url, ours.http_version, ours.read()) == (URL, "HTTP/1.1", ANSWER.body)
    assert pickle.loads(pickle.dumps(ours)).content == ANSWER.body


@each_library
def test_an_answer_is_read_in_one_step(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the decoders and chunkers of httpx, which are for what comes in pieces."""
    monkeypatch.delattr(library.Response, "iter_bytes")
    monkeypatch.delattr(library.Response, "aiter_bytes")
    for sent in (read_by_client, awaited_by_client):
        assert sent(library, answer_of(library, ANSWER, reason="OK")).content == ANSWER.body


@each_library
def test_an_answer_may_be_read_in_pieces_or_not_at_all(library: Any) -> None:
    """Who streams it gets its lines, once; what was closed cannot be read; and another kind of reader is told so."""
    streamed = read_by_client(library, answer_of(library, ANSWER, reason="OK"), stream=True)
    assert list(streamed.iter_lines()) == ['{"a": "Köln"}']
    with pytest.raises(library.StreamConsumed):
        streamed.read()
    closed = read_by_client(library, answer_of(library, ANSWER, reason="OK"), stream=True)
    closed.close()
    with pytest.raises(library.StreamClosed):
        closed.read()
    mixed = read_by_client(library, answer_of(library, ANSWER, reason="OK"), stream=True)
    with pytest.raises(RuntimeError, match="async"):
        asyncio.run(mixed.aread())


@each_library
def test_what_is_encoded_is_decoded_by_httpx(library: Any) -> None:
    """A tape from elsewhere may hold an answer as it was sent."""
    headers = (*JSON, ("content-encoding", "gzip"))
    packed = HttpResponse(status=200, headers=headers, body=gzip.compress(ANSWER.body))
    assert read_by_client(library, answer_of(library, packed, reason="")).content == ANSWER.body


def test_a_httpx_that_leaves_something_else_in_an_answer_reads_it_itself() -> None:
    """Its private names are not ours: who asked for them later would not find them."""
    other = ModuleType("httpx")
    vars(other).update({name: getattr(httpx, name) for name in ("Headers", "ByteStream", "SyncByteStream")})

    class Response(httpx.Response):
        def read(self) -> bytes:
            self.text_read = super().read().decode()
            return self.text_read.encode()

    other.Response = Response  # type: ignore[attr-defined]
    made = answer_of(other, ANSWER, reason="OK")
    assert (type(made), made.read(), made.text_read) == (Response, ANSWER.body, '{"a": "Köln"}')
