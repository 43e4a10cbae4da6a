"""What the OpenAI SDK reads and sends back is the same message, whichever way an application copies it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest

from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._model.http import HttpRequest
from pytest_llmtrace._model.messages import Message, MessageTable
from tests.unit.capture.dialects.dialect_wire import response

CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1,"b":"x"}'}},
    {"id": "call_2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
]
ANSWERS: dict[str, dict[str, Any]] = {
    "text": {"role": "assistant", "content": "hello", "refusal": None, "annotations": []},
    "tools": {"role": "assistant", "content": None, "refusal": None, "tool_calls": CALLS},
    "both": {"role": "assistant", "content": "hello", "tool_calls": CALLS},
}
ITEMS: dict[str, list[dict[str, Any]]] = {
    "text": [
        {
            "type": "message",
            "id": "msg",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "hello", "annotations": [], "logprobs": []}],
        }
    ],
    "tools": [
        {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "hm"}]},
        {
            "type": "function_call",
            "id": "fc",
            "call_id": "c",
            "name": "f",
            "arguments": '{"a":1}',
            "status": "completed",
        },
    ],
}
ECHOES: dict[str, Callable[[Any], Any]] = {
    "object": lambda message: message,
    "model_dump": lambda message: message.model_dump(),
    "exclude_none": lambda message: message.model_dump(exclude_none=True),
    "essentials": lambda message: {
        name: value
        for name, value in message.model_dump(include={"role", "content", "tool_calls"}).items()
        if value is not None
    },
    "parsed_again": lambda message: {**message.model_dump(), "tool_calls": reprinted(message) or None},
}


def reprinted(message: Any) -> list[dict[str, Any]]:
    """Tool calls whose arguments were parsed and printed again, as LangChain does."""
    calls = [call.model_dump() for call in message.tool_calls or ()]
    for call in calls:
        call["function"]["arguments"] = json.dumps(json.loads(call["function"]["arguments"]))
    return calls


class Provider:
    """Answers an SDK from memory and keeps what it sent."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.sent: list[HttpRequest] = []
        transport = httpx.MockTransport(self._handle)
        self.client = openai.OpenAI(api_key="k", base_url="http://h/v1", http_client=httpx.Client(transport=transport))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(HttpRequest(method=request.method, url=str(request.url), body=request.content))
        return httpx.Response(200, json=self.answer)

    def output(self, table: MessageTable) -> Message:
        """What was read from the first answer."""
        call = parse_request(self.sent[0], table)
        assert call is not None
        output = parse_response(call, response(self.answer), table).output
        assert output is not None
        return output

    def echo(self, table: MessageTable) -> Message:
        """What came back in the second request."""
        call = parse_request(self.sent[1], table)
        assert call is not None
        return call.messages[1]


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_chat_answer_and_its_echo_are_equal(answer: str, echo: str) -> None:
    """Appended as it is, dumped, stripped of nulls, cut to the essentials, or with arguments printed again."""
    choice = {"index": 0, "finish_reason": "stop", "logprobs": None, "message": ANSWERS[answer]}
    provider = Provider({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})
    user: Any = {"role": "user", "content": "hi"}

    message = provider.client.chat.completions.create(model="m", messages=[user]).choices[0].message
    provider.client.chat.completions.create(model="m", messages=[user, ECHOES[echo](message)])

    table = MessageTable()
    assert provider.echo(table).digest == provider.output(table).digest


@pytest.mark.parametrize("echo", ["object", "model_dump", "exclude_none"])
@pytest.mark.parametrize("items", ITEMS)
def test_a_responses_answer_and_its_echo_are_equal(items: str, echo: str) -> None:
    """All output items of one answer are one assistant message, then and later."""
    provider = Provider(
        {
            "id": "r",
            "object": "response",
            "created_at": 1,
            "model": "m",
            "status": "completed",
            "output": ITEMS[items],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
        }
    )
    user: Any = {"role": "user", "content": "hi"}

    output = provider.client.responses.create(model="m", input=[user]).output
    provider.client.responses.create(model="m", input=[user, *map(ECHOES[echo], output)])

    table = MessageTable()
    assert provider.echo(table).digest == provider.output(table).digest
