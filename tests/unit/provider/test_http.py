"""The provider as plain HTTP: what it records, what it refuses, and its options."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx

from tests.provider import Provider

Serve = Callable[..., Provider]

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hello there"}]}


def test_requests_are_recorded(provider: Provider, http: httpx.Client) -> None:
    """Every request is kept with its number, path, headers in lower case, and body."""
    http.post(f"{provider.openai_url}/chat/completions?beta=1", json=CHAT, headers={"X-Team": "blue"})
    http.get(f"{provider.url}/orders/1")
    first, second = provider.requests
    assert (first.number, first.method, first.path, first.body) == (1, "POST", "/v1/chat/completions?beta=1", CHAT)
    assert first.headers["x-team"] == "blue"
    assert json.loads(first.raw) == CHAT
    assert (second.number, second.method, second.path, second.body, second.raw) == (2, "GET", "/orders/1", None, b"")


def test_one_connection_serves_many_requests(provider: Provider, http: httpx.Client) -> None:
    """Connections are kept alive, after errors too."""
    ports = set()
    for path in ("/v1/chat/completions", "/v1/nothing", "/v1/chat/completions"):
        with http.stream("POST", provider.url + path, json=CHAT) as response:
            ports.add(response.extensions["network_stream"].get_extra_info("client_addr"))
            response.read()
    assert len(ports) == 1


def test_an_unknown_path(provider: Provider, http: httpx.Client) -> None:
    """A path that is no API answers 404 in OpenAI's shape."""
    response = http.post(f"{provider.openai_url}/nothing", json={})
    assert response.status_code == 404
    assert response.json() == {
        "error": {
            "message": "Unknown request URL: POST /v1/nothing.",
            "type": "invalid_request_error",
            "param": None,
            "code": "not_found",
        }
    }


def test_a_path_of_its_own(serve: Serve, http: httpx.Client) -> None:
    """A rule that names a path makes it a plain JSON endpoint."""
    provider = serve([{"path": "/orders/1", "text": {"status": "delivered"}}])
    assert http.get(f"{provider.url}/orders/1").json() == {"status": "delivered"}
    assert http.get(f"{provider.url}/orders/2").status_code == 404


def test_a_body_that_is_not_json(provider: Provider, http: httpx.Client) -> None:
    """A body that does not parse is the client's error."""
    response = http.post(f"{provider.openai_url}/chat/completions", content=b"{")
    assert response.status_code == 400
    assert response.json()["error"]["message"] == "We could not parse the JSON body of your request."


def test_a_body_without_length(provider: Provider, http: httpx.Client) -> None:
    """A body in chunked encoding is refused rather than read wrongly."""
    response = http.post(f"{provider.openai_url}/chat/completions", content=iter([b"{}"]))
    assert response.status_code == 411
    assert provider.count == 0


def test_a_bug_in_the_provider_is_seen(serve: Serve, http: httpx.Client) -> None:
    """A script that makes the provider fail answers with the traceback, as an error that nobody retries."""
    response = http.post(f"{serve([{'usage': {'tokens': 1}}]).openai_url}/chat/completions", json=CHAT)
    assert response.status_code == 400
    assert "unexpected keyword argument 'tokens'" in response.json()["error"]["message"]


def test_ids_follow_from_the_request(serve: Serve, http: httpx.Client) -> None:
    """Equal requests get equal answers byte for byte, from any provider and in any order."""
    first, second = serve(), serve()
    other = {**CHAT, "model": "other"}
    bodies = [
        http.post(f"{provider.openai_url}/chat/completions", json=body).content
        for provider, body in ((first, CHAT), (first, other), (second, other), (second, CHAT))
    ]
    assert bodies[0] == bodies[3]
    assert bodies[1] == bodies[2]
    assert bodies[0] != bodies[1]


def test_random_ids(serve: Serve, http: httpx.Client) -> None:
    """With random ids, equal requests get different ids, real times and a date."""
    provider = serve([{"tool_calls": [{"ping": {}}]}], random_ids=True)
    one, two = (http.post(f"{provider.openai_url}/chat/completions", json=CHAT) for _ in range(2))
    assert one.json()["id"] != two.json()["id"]
    assert one.headers["x-request-id"] != two.headers["x-request-id"]
    assert one.json()["created"] > 1_700_000_000
    assert one.headers["date"].endswith("GMT")
    assert len({answer.json()["choices"][0]["message"]["tool_calls"][0]["id"] for answer in (one, two)}) == 2


def test_gzip(serve: Serve, http: httpx.Client) -> None:
    """Compressed answers carry the same content, as JSON and as a stream."""
    plain, compressed = serve(), serve(gzip=True)
    for body in (CHAT, {**CHAT, "stream": True}):
        answers = [http.post(f"{one.openai_url}/chat/completions", json=body) for one in (plain, compressed)]
        assert [answer.headers.get("content-encoding") for answer in answers] == [None, "gzip"]
        assert answers[0].content == answers[1].content


def test_rewind(serve: Serve, http: httpx.Client) -> None:
    """`rewind` forgets the requests and gives the first turn again."""
    provider = serve(["first", "second"])

    def ask() -> str:
        answer = http.post(f"{provider.openai_url}/chat/completions", json=CHAT).json()
        return str(answer["choices"][0]["message"]["content"])

    assert [ask(), ask(), ask()] == ["first", "second", "You said: Hello there"]
    provider.rewind()
    assert (provider.count, ask()) == (0, "first")


def test_env(provider: Provider) -> None:
    """`env` holds what the SDKs and litellm read."""
    assert provider.env == {
        "OPENAI_API_KEY": "sk-local-provider",
        "OPENAI_BASE_URL": f"{provider.url}/v1",
        "OPENAI_API_BASE": f"{provider.url}/v1",
        "ANTHROPIC_API_KEY": "sk-ant-local-provider",
        "ANTHROPIC_BASE_URL": provider.url,
        "ANTHROPIC_API_BASE": provider.url,
    }
