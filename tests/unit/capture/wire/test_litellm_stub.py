"""The stub of litellm's transport: what it answers, and what it leaves to litellm, aiohttp and the stub below."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import aiohttp
import httpx
import pytest

from pytest_llmtrace._capture import current
from pytest_llmtrace._capture.exchange import ReplayStopError
from pytest_llmtrace._capture.wire.http import Interception
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.matching import request_key
from tests.unit.capture.conftest import Observed, observed_with

URL = "https://api.openai.com/v1/chat/completions?a=b%20c"
BODY = b'{"model":"m","messages":[]}'
JSON = (("content-type", "application/json"),)


@pytest.fixture
def make_transport(litellm: ModuleType) -> Callable[[], Any]:
    """Makes transports as litellm does."""
    assert litellm
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    public = getattr(AsyncHTTPHandler, "create_aiohttp_transport", None)
    return public or AsyncHTTPHandler._create_aiohttp_transport  # of 1.83


@pytest.fixture
def stub(make_transport: Callable[[], Any]) -> Iterator[Interception]:
    assert make_transport  # litellm is imported
    made = Interception(stop=LookupError, replay_only=True)
    made.install()
    yield made
    made.remove()


def replay(*answers: HttpResponse) -> Observed:
    recorded = HttpRequest(method="POST", url=URL, body=BODY)
    return observed_with(
        "tape", tuple(Interaction(request=recorded, response=one, key=request_key(recorded)) for one in answers)
    )


def sent(observed: Observed, transport: Any, url: str = URL, body: Any = BODY) -> tuple[httpx.Response, bytes]:
    """The answer to a request and its body, while a test is observed."""

    async def send() -> tuple[httpx.Response, bytes]:
        try:
            response = await transport.handle_async_request(httpx.Request("POST", url, content=body, headers=JSON))
            return response, await response.aread()
        finally:
            await transport.aclose()

    current.push(observed.recorder)
    try:
        return asyncio.run(send())
    finally:
        current.pop(observed.recorder)


@pytest.mark.usefixtures("stub")
def test_what_the_tape_answers_takes_no_session_of_aiohttp(make_transport: Callable[[], Any]) -> None:
    """The transport still has what would make one, and the request is noted once."""
    observed, transport = replay(HttpResponse(status=200, headers=JSON, body=b"{}")), make_transport()
    factory = transport.client
    response, body = sent(observed, transport)
    assert (response.status_code, body, transport.client is factory) == (200, b"{}", True)
    (exchange,) = observed.recorder.exchanges
    assert (exchange.source, exchange.position, exchange.request.body) == ("tape", 0, BODY)


@pytest.mark.parametrize(
    "recorded",
    [
        HttpResponse(status=200, reason="Fine", headers=(*JSON, ("content-length", "9"), ("x", "1"), ("x", "2"))),
        HttpResponse(status=429, reason="", headers=(("retry-after", "9"), ("x-city", "Köln\r\n")), body=b"slow"),
        HttpResponse(status=200, headers=(("content-type", "text/event-stream"),), body=b"data: 1\n\n" * 9_000),
    ],
    ids=["empty", "error", "stream"],
)
def test_the_answer_is_that_of_litellms_own_way(
    recorded: HttpResponse, make_transport: Callable[[], Any], stub: Interception
) -> None:
    """Status, its words, headers and body are the same, and so is the request as it is noted."""
    ours, theirs, transport = replay(recorded), replay(recorded), make_transport()
    short = sent(ours, transport)
    assert stub._litellm is not None
    stub._litellm.detach()
    long = sent(theirs, transport)
    assert isinstance(transport.client, aiohttp.ClientSession)
    one, other = [
        (given.status_code, given.reason_phrase, given.headers.multi_items(), given.request.url, body, given.extensions)
        for given, body in (short, long)
    ]
    assert one == other
    first, second = [observed.recorder.exchanges[0] for observed in (ours, theirs)]
    assert (first.request.url, first.request.body, first.key) == (second.request.url, second.request.body, second.key)


@pytest.mark.usefixtures("stub")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("aiohttp.client_exceptions.ServerDisconnectedError", httpx.ReadError),
        ("builtins.TimeoutError", httpx.TimeoutException),
    ],
)
def test_a_failure_on_the_tape_is_what_litellm_makes_of_it(
    name: str, kind: type[Exception], make_transport: Callable[[], Any]
) -> None:
    """It is raised below litellm's transport, which translates it, and noted once."""
    observed = replay(HttpResponse(status=0, reason=name, body=b"gone"))
    with pytest.raises(kind):
        sent(observed, make_transport())
    (exchange,) = observed.recorder.exchanges
    assert (exchange.source, exchange.failure is not None, exchange.position) == ("tape", True, 0)


@pytest.mark.usefixtures("stub")
def test_a_call_that_was_given_up_waits_to_be_given_up_again(make_transport: Callable[[], Any]) -> None:
    """The tape has no answer, and nothing is sent."""
    observed = replay(HttpResponse(status=0, reason="asyncio.exceptions.CancelledError"))
    transport = make_transport()

    async def give_up() -> None:
        request = httpx.Request("POST", URL, content=BODY, headers=JSON)
        try:
            await asyncio.wait_for(transport.handle_async_request(request), 0.01)
        finally:
            await transport.aclose()

    current.push(observed.recorder)
    try:
        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(give_up())
    finally:
        current.pop(observed.recorder)
    (exchange,) = observed.recorder.exchanges
    assert (exchange.source, exchange.position, exchange.failure is not None) == ("tape", 0, True)


@pytest.mark.usefixtures("stub")
def test_a_request_that_is_not_on_the_tape_is_stopped(make_transport: Callable[[], Any]) -> None:
    """And missed once."""
    observed = replay(HttpResponse(status=200))
    with pytest.raises(ReplayStopError, match="did not record POST"):
        sent(observed, make_transport(), body=b'{"model":"m","messages":[1]}')
    assert len(observed.recorder.exchanges) == len(observed.recorder.misses) == 1


@pytest.mark.usefixtures("stub")
def test_what_may_go_out_goes_out_and_is_noted_once(make_transport: Callable[[], Any]) -> None:
    """A server of the test is reached by litellm's own way; here nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        observed = observed_with("tape")
        with pytest.raises(httpx.ConnectError):
            sent(observed, make_transport(), url=f"http://127.0.0.1:{bound.getsockname()[1]}/tools")
    (exchange,) = observed.recorder.exchanges
    assert (exchange.taped, exchange.source, exchange.ended is not None) == (False, "live", True)


@pytest.mark.usefixtures("stub")
@pytest.mark.parametrize("place", ["the session", "the transport", "the factory"])
def test_what_somebody_puts_in_between_answers_as_ever(place: str, make_transport: Callable[[], Any]) -> None:
    """A mock below litellm's transport is not passed by, and the tape is not asked."""

    class MockedError(Exception):
        pass

    async def mocked(*_: Any, **__: Any) -> None:
        raise MockedError

    observed, transport = replay(HttpResponse(status=200)), make_transport()

    def factory() -> Any:
        session = aiohttp.ClientSession()
        session.__dict__["request"] = lambda *_, **__: aiohttp.client._RequestContextManager(mocked())
        return session

    with pytest.MonkeyPatch.context() as patch:
        if place == "the session":
            patch.setattr(aiohttp.ClientSession, "_request", mocked)
        elif place == "the transport":
            patch.setattr(transport, "_make_aiohttp_request", mocked)
        else:
            transport.client = transport._client_factory = factory
        with pytest.raises(MockedError):
            sent(observed, transport)
    assert observed.recorder.exchanges == []


def test_litellm_has_its_own_way_back_for_good(make_transport: Callable[[], Any], stub: Interception) -> None:
    """An import hook that comes later changes nothing any more."""
    send = type(make_transport()).handle_async_request
    stub.remove()
    stub.arrived()
    assert type(make_transport()).handle_async_request is send.__wrapped__
