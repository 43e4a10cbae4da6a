"""Errors and accidents that a script can ask for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest

from tests.provider import Provider

Serve = Callable[..., Provider]
OpenAITo = Callable[[Provider], openai.OpenAI]

ASK = [{"role": "user", "content": "Hello there"}]
CHAT = {"model": "m", "messages": ASK}


def test_an_error_once(serve: Serve) -> None:
    """A rule with `times: 1` fails one request; the SDK's next try gets the answer."""
    provider = serve([{"status": 429, "retry_after": 0.001, "times": 1}])
    with openai.OpenAI(base_url=provider.openai_url, api_key="sk-test", max_retries=1) as client:
        answer = client.chat.completions.create(model="m", messages=ASK)
    assert answer.choices[0].message.content == "You said: Hello there"
    assert provider.count == 2


def test_an_error_always(serve: Serve, openai_to: OpenAITo) -> None:
    """A rule without `times` fails every request, with the status, the message and the header it names."""
    client = openai_to(serve([{"status": 500, "text": "Out of order.", "retry_after": 2}]))
    for _ in range(2):
        with pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(model="m", messages=ASK)
        assert caught.value.body == {"message": "Out of order.", "type": "server_error", "param": None, "code": None}
        assert caught.value.response.headers["retry-after"] == "2"


def test_a_reset_connection(serve: Serve, http: httpx.Client) -> None:
    """A reset reaches the client as a read error, and the next request is served."""
    provider = serve([{"reset": True, "times": 1}])
    with pytest.raises(httpx.ReadError, match="reset"):
        http.post(f"{provider.openai_url}/chat/completions", json=CHAT)
    assert http.post(f"{provider.openai_url}/chat/completions", json=CHAT).status_code == 200


def test_bytes_instead_of_an_answer(serve: Serve, http: httpx.Client) -> None:
    """What a rule names goes out as it is; the connection is then closed, reset, or kept open without a word."""
    head = b"HTTP/1.1 299 Odd\r\nconnection: close\r\ncontent-length: 4\r\n\r\n"
    provider = serve(
        [
            {"wire": head + b"body", "times": 1},
            {"wire": head + b"bo", "times": 1},
            {"wire": head[:20], "stall": True, "times": 1},
            {"wire": head[:20], "reset": True},
        ]
    )
    url = f"{provider.openai_url}/chat/completions"
    answer = http.post(url, json=CHAT)
    assert (answer.status_code, answer.content) == (299, b"body")
    with pytest.raises(httpx.RemoteProtocolError, match="received 2 bytes, expected 4"):
        http.post(url, json=CHAT)
    with pytest.raises(httpx.ReadTimeout):
        http.post(url, json=CHAT, timeout=httpx.Timeout(5, read=0.05))
    with pytest.raises(httpx.ReadError, match="reset"):
        http.post(url, json=CHAT)


def test_a_truncated_stream(serve: Serve, http: httpx.Client) -> None:
    """A stream breaks off after the number of events that the rule names."""
    provider = serve([{"text": "one two three", "truncate": 2}])
    received = []
    with (
        http.stream("POST", f"{provider.openai_url}/chat/completions", json={**CHAT, "stream": True}) as response,
        pytest.raises(httpx.RemoteProtocolError, match="incomplete"),
    ):
        received.extend(line for line in response.iter_lines() if line)
    assert len(received) <= 2


def test_a_truncated_body(serve: Serve, http: httpx.Client) -> None:
    """A JSON body breaks off after the number of bytes that the rule names."""
    provider = serve([{"text": "one two three", "truncate": 10}])
    with pytest.raises(httpx.RemoteProtocolError, match="received 10 bytes"):
        http.post(f"{provider.openai_url}/chat/completions", json=CHAT)


def test_an_answer_that_waits(serve: Serve, http: httpx.Client) -> None:
    """An answer on hold comes when its event is set, and `wait_for` tells when the request is there."""
    release = threading.Event()
    provider = serve([{"wait": release}])
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(http.post, f"{provider.openai_url}/chat/completions", json=CHAT)
        provider.wait_for(1)
        assert not waiting.done()
        release.set()
        assert waiting.result(5).status_code == 200


def test_waiting_for_requests_that_do_not_come(provider: Provider) -> None:
    """`wait_for` gives up with the number of requests that did come."""
    with pytest.raises(TimeoutError, match="0 of 1 requests"):
        provider.wait_for(1, timeout=0.01)


def test_stop_cuts_what_is_on_hold(serve: Serve, http: httpx.Client) -> None:
    """`stop` closes the connection of a request that still waits for its answer."""
    provider = serve([{"wait": threading.Event()}])
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(http.post, f"{provider.openai_url}/chat/completions", json=CHAT)
        provider.wait_for(1)
        provider.stop()
        with pytest.raises(httpx.RemoteProtocolError, match="disconnected"):
            waiting.result(5)


def test_stop_refuses_connections(provider: Provider, http: httpx.Client) -> None:
    """After `stop`, a kept connection is closed and a new one refused; stopping twice is fine."""
    assert http.post(f"{provider.openai_url}/chat/completions", json=CHAT).status_code == 200
    provider.stop()
    provider.stop()
    with pytest.raises(httpx.ConnectError, match="refused"):
        http.post(f"{provider.openai_url}/chat/completions", json=CHAT)
    assert provider.count == 1
