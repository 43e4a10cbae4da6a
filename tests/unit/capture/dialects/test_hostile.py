"""Whatever comes back, reading it never raises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmtrace._capture.dialects import DIALECTS, find_dialect
from pytest_llmtrace._capture.dialects.dialect import Dialect
from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._capture.dialects.tokens import estimate_usage
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import CallError, LLMCall
from tests.unit.capture.dialects.dialect_wire import CHAT, CONVERSE, GEMINI, MESSAGES, RESPONSES, ask, aws_message, sse

CALLS: Mapping[str, tuple[str, Any]] = {
    "chat": (CHAT, {"model": "m", "messages": []}),
    "completions": ("http://h/v1/completions", {"model": "m", "prompt": "a"}),
    "responses": (RESPONSES, {"model": "m", "input": "a"}),
    "embeddings": ("http://h/v1/embeddings", {"model": "m", "input": "a"}),
    "moderations": ("http://h/v1/moderations", {"input": "a"}),
    "messages": (MESSAGES, {"model": "m", "messages": []}),
    "generate_content": (GEMINI, {"contents": []}),
    "converse": (CONVERSE, {"messages": []}),
    "cohere_chat": ("http://h/v2/chat", {"model": "m", "messages": []}),
    "ollama_chat": ("http://h/api/chat", {"model": "m", "messages": []}),
    "ollama_generate": ("http://h/api/generate", {"model": "m", "prompt": "a"}),
    "interactions": ("http://h/v1beta/interactions", {"model": "m", "input": "a"}),
    "rerank": ("http://h/v2/rerank", {"model": "m", "query": "a", "documents": ["b"]}),
    "cohere_v1_chat": ("http://h/v1/chat", {"model": "m", "message": "a"}),
    "images": ("http://h/v1/images/generations", {"model": "m", "prompt": "a"}),
    "generate": ("http://h/model/meta.llama3/invoke", {"prompt": "a"}),
}

WORDS = st.sampled_from(
    [
        "role",
        "content",
        "type",
        "text",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "index",
        "delta",
        "choices",
        "message",
        "finish_reason",
        "usage",
        "prompt_tokens",
        "id",
        "output",
        "input",
        "image_url",
        "url",
        "source",
        "data",
        "media_type",
        "error",
        "code",
        "status",
        "stop_reason",
        "response",
        "item",
        "output_index",
        "content_block",
        "message_start",
        "content_block_delta",
        "content_block_start",
        "tool_use",
        "tool_result",
        "thinking",
        "function_call",
        "reasoning",
        "summary",
        "parts",
        "candidates",
        "functionCall",
        "args",
        "inlineData",
        "usageMetadata",
        "contentBlockDelta",
        "toolUse",
        "contentBlockIndex",
        "embeddings",
        "results",
        "categories",
        "event",
        "model",
        "assistant",
        "user",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=5),
    max_leaves=15,
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=6)
DIALECT = st.sampled_from(DIALECTS)
QUICK = settings(
    max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def test_every_dialect_is_tried() -> None:
    """A new dialect belongs into this file's table."""
    assert sorted(CALLS) == sorted(dialect.operation for dialect in DIALECTS)


@QUICK
@given(dialect=DIALECT, data=OBJECTS, events=st.lists(OBJECTS, max_size=5))
def test_readers_accept_any_json(dialect: Dialect, data: dict[str, Any], events: list[dict[str, Any]]) -> None:
    """Each reader takes any object and any events without the safety net around it."""
    dialect.answer(data)
    dialect.stream(events, done=False)


@QUICK
@given(dialect=DIALECT, body=OBJECTS)
def test_any_request_is_a_call_or_none(dialect: Dialect, body: dict[str, Any]) -> None:
    """A request of any content is read, if only as no call."""
    url, required = CALLS[dialect.operation]
    request = HttpRequest(method="POST", url=url, body=json.dumps({**required, **body}).encode())

    call = parse_request(request, MessageTable())

    assert call is None or call.status == "open"


@QUICK
@given(messages=st.lists(OBJECTS | JSON, max_size=5), dialect=DIALECT)
def test_any_history_is_read(messages: list[Any], dialect: Dialect) -> None:
    """Messages of any shape, and the estimate of what they cost."""
    url, required = CALLS[dialect.operation]
    body = {
        name: messages if name in ("messages", "input", "contents", "prompt") else value
        for name, value in required.items()
    }
    request = HttpRequest(method="POST", url=url, body=json.dumps(body).encode())

    call = parse_request(request, MessageTable())

    if call is not None:
        assert estimate_usage(call).estimated


@QUICK
@given(
    dialect=DIALECT,
    body=st.binary(max_size=200),
    status=st.integers(200, 599),
    kind=st.sampled_from(
        ["application/json", "text/event-stream", "application/vnd.amazon.eventstream", "text/html", ""]
    ),
)
def test_any_bytes_are_answered_by_a_finished_call(dialect: Dialect, body: bytes, status: int, kind: str) -> None:
    """No body, status or content type raises or leaves a call open."""
    call = ask(*CALLS[dialect.operation])

    finished = parse_response(
        call, HttpResponse(status=status, headers=(("content-type", kind),), body=body), MessageTable()
    )

    assert finished.status in ("ok", "error", "abandoned")
    assert (finished.error is not None) == (finished.status == "error")


RECORDED: Mapping[str, list[Any]] = {
    "chat": [
        {"choices": [{"index": 0, "delta": {"content": "Hel"}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f"}}]}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}},
    ],
    "messages": [
        {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
    ],
    "responses": [
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message"}},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "Hel"},
        {"type": "response.completed", "response": {"status": "completed", "output": []}},
    ],
}


@QUICK
@given(
    operation=st.sampled_from(sorted(RECORDED)),
    cut=st.integers(0, 600),
    position=st.integers(0, 600),
    noise=st.binary(max_size=6),
)
def test_a_damaged_stream_is_answered_by_a_finished_call(operation: str, cut: int, position: int, noise: bytes) -> None:
    """Real streams, cut anywhere and with bytes put in anywhere."""
    whole = sse(*RECORDED[operation])
    body = whole.body[:cut]
    body = body[:position] + noise + body[position:]

    call = parse_response(
        ask(*CALLS[operation]), HttpResponse(status=200, headers=whole.headers, body=body), MessageTable()
    )

    assert call.status in ("ok", "error", "abandoned")


@pytest.mark.parametrize("operation", sorted(RECORDED))
def test_a_stream_cut_before_its_end_is_never_ok(operation: str) -> None:
    """For each cut of a stream: it is whole only where its end is there."""
    whole = sse(*RECORDED[operation])
    call: LLMCall = ask(*CALLS[operation])
    end = whole.body.rindex(b"data:")

    for cut in range(len(whole.body) + 1):
        made = parse_response(
            call, HttpResponse(status=200, headers=whole.headers, body=whole.body[:cut]), MessageTable()
        )
        assert made.status == ("ok" if cut >= len(whole.body) - 2 else "abandoned"), whole.body[end:cut]


def test_a_damaged_aws_stream_is_abandoned() -> None:
    """Cut anywhere, it has no end."""
    body = aws_message({"contentBlockIndex": 0, "delta": {"text": "x"}}, "contentBlockDelta")
    call = ask(*CALLS["converse"])
    kind = (("content-type", "application/vnd.amazon.eventstream"),)

    for cut in range(len(body) + 1):
        made = parse_response(call, HttpResponse(status=200, headers=kind, body=body[:cut]), MessageTable())
        assert made.status == "abandoned"


def test_any_url_is_looked_at_safely() -> None:
    """Nonsense is no call."""
    assert find_dialect("POST", "http://[", {"messages": []}) is None
    assert find_dialect("POST", "", {}) is None


def test_a_reader_that_breaks_does_not_break_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in a dialect costs the trace one call's detail, never the request or the answer."""
    chat = find_dialect("POST", *CALLS["chat"])
    call = ask(*CALLS["chat"])

    def broken(*_args: object, **_kwargs: object) -> None:
        raise TypeError("boom")

    monkeypatch.setattr(type(chat), "question", broken)
    monkeypatch.setattr(type(chat), "answer", broken)
    url, body = CALLS["chat"]
    request = HttpRequest(method="POST", url=url, body=json.dumps(body).encode())
    made = parse_response(call, HttpResponse(status=200, body=b"{}"), MessageTable())

    assert parse_request(request, MessageTable()) is None
    assert made.error == CallError(type="unreadable_response", message="TypeError: boom", status=200)
