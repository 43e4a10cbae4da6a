"""The APIs that are told by their path: requests understood, answers whole and streamed. SDKs meet them in e2e."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from botocore.eventstream import EventStreamBuffer

from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._model.trajectory import requested_tools
from pytest_llmtrace._model.usage import Usage
from tests.unit.provider.conftest import Serve

SCRIPT = [
    {"user": "Weather?", "tool_results": "sunny", "text": "Take a hat."},
    {
        "user": "Weather?",
        "system": "Be brief.",
        "tool_calls": [{"weather": {"city": "Paris"}}],
        "usage": {"input_tokens": 100, "output_tokens": 20, "cache_read_tokens": 64},
    },
]
CALLED = ("weather", {"city": "Paris"})
CHAT = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather?"}]}
GEMINI = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [{"role": "user", "parts": [{"text": "Weather?"}]}],
}
CONVERSE = {"system": [{"text": "Be brief."}], "messages": [{"role": "user", "content": [{"text": "Weather?"}]}]}
CLAUDE = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 10,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Weather?"}],
}

QUESTIONS = {
    "gemini": ("/v1beta/models/m:generateContent", GEMINI),
    "gemini, streamed": ("/v1beta/models/m:streamGenerateContent?alt=sse", GEMINI),
    "converse": ("/model/a%3Am/converse", CONVERSE),
    "converse, streamed": ("/model/a%3Am/converse-stream", CONVERSE),
    "invoke": ("/model/a%3Am/invoke", CLAUDE),
    "invoke, streamed": ("/model/a%3Am/invoke-with-response-stream", CLAUDE),
    "cohere": ("/v2/chat", {"model": "m", **CHAT}),
    "cohere, streamed": ("/v2/chat", {"model": "m", "stream": True, **CHAT}),
    "ollama": ("/api/chat", {"model": "m", "stream": False, **CHAT}),
    "ollama, streamed": ("/api/chat", {"model": "m", **CHAT}),
}


def asked(url: str, path: str, body: dict[str, Any]) -> tuple[LLMCall, httpx.Response]:
    """The call that a request and its answer are, and the answer."""
    response = httpx.post(url + path, json=body, trust_env=False)
    table = MessageTable()
    call = parse_request(HttpRequest(method="POST", url=url + path, body=json.dumps(body).encode()), table)
    assert call is not None
    headers = tuple(response.headers.items())
    answer = HttpResponse(status=response.status_code, headers=headers, body=response.content)
    return parse_response(call, answer, table), response


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_tool_is_requested(serve: Serve, name: str) -> None:
    """System prompt and user are understood, and the answer holds the call and the usage."""
    call, _ = asked(serve(SCRIPT).url, *QUESTIONS[name])
    assert call.output is not None
    assert [(one.name, one.arguments) for one in requested_tools(call.output)] == [CALLED]
    cached = 0 if name.startswith("ollama") else 64
    assert call.usage == Usage(input_tokens=100, output_tokens=20, cache_read_tokens=cached)
    assert call.streamed == name.endswith("streamed")
    assert call.model == ("a:m" if call.provider == "bedrock" else "m")
    assert call.status == "ok"


RESULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "gemini": (
        "/v1beta/models/m:generateContent",
        {"contents": [*GEMINI["contents"], {"parts": [{"functionResponse": {"response": {"result": "sunny"}}}]}]},
    ),
    "converse": (
        "/model/m/converse",
        {
            "messages": [
                *CONVERSE["messages"],
                {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "sunny"}]}}]},
            ]
        },
    ),
    "cohere": (
        "/v2/chat",
        {"model": "m", "messages": [*CHAT["messages"], {"role": "tool", "tool_call_id": "1", "content": "sunny"}]},
    ),
    "ollama": (
        "/api/chat",
        {"model": "m", "messages": [*CHAT["messages"], {"role": "tool", "content": "sunny"}]},
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_tool_result_is_recognised(serve: Serve, name: str) -> None:
    """What a tool returned is seen as such, so that a script can answer it."""
    call, _ = asked(serve(SCRIPT).url, *RESULTS[name])
    assert call.output is not None
    assert call.output.text == "Take a hat."


def test_the_messages_of_an_aws_event_stream_are_well_formed(serve: Serve) -> None:
    """Amazon's own reader accepts lengths and checksums, and finds the events of a whole answer."""
    _, response = asked(serve(["Hello you."]).url, *QUESTIONS["converse, streamed"])
    buffer = EventStreamBuffer()
    buffer.add_data(response.content)
    events = [message.to_response_dict()["headers"][":event-type"] for message in buffer]
    delta = "contentBlockDelta"
    assert events == ["messageStart", delta, delta, "contentBlockStop", "messageStop", "metadata"]


def test_generate(serve: Serve) -> None:
    """Ollama's generate answers a prompt, as lines of JSON unless told otherwise."""
    body = {"model": "m", "prompt": "Hello there"}
    url = serve().url
    streamed, response = asked(url, "/api/generate", body)
    whole, _ = asked(url, "/api/generate", {**body, "stream": False})
    assert [call.output and call.output.text for call in (streamed, whole)] == ["You said: Hello there"] * 2
    assert response.headers["content-type"] == "application/x-ndjson"
    assert streamed.usage == whole.usage == Usage(input_tokens=2, output_tokens=4)


def test_moderations(serve: Serve) -> None:
    """A text is flagged where the script says so."""
    provider = serve([{"user": "kill", "text": "flagged"}])
    verdicts = [
        asked(provider.url, "/v1/moderations", {"model": "m", "input": said})[0].output
        for said in ("I will kill you", "Good morning")
    ]
    assert [verdict and verdict.text for verdict in verdicts] == ["flagged: violence", "not flagged"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1beta/models/m:generateContent", {"error": {"code": 429, "message": "no", "status": "RESOURCE_EXHAUSTED"}}),
        ("/model/m/converse", {"__type": "ThrottlingException", "message": "no"}),
        ("/v2/chat", {"message": "no"}),
        ("/api/chat", {"error": "no"}),
    ],
)
def test_errors_have_the_shape_of_the_api(serve: Serve, path: str, expected: dict[str, Any]) -> None:
    """An error status goes out with a body of the API's own kind."""
    response = httpx.post(serve([{"status": 429, "text": "no"}]).url + path, json={"model": "m"}, trust_env=False)
    assert (response.status_code, response.json()) == (429, expected)
