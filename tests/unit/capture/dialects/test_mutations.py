"""Bodies as providers send them, damaged in every way: reading them never raises, and takes no longer."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmtrace._capture.dialects import DIALECTS, find_dialect
from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._capture.dialects.tokens import estimate_usage
from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.messages import MessageTable
from tests.unit.capture.dialects.dialect_wire import CHAT, CONVERSE, GEMINI, MESSAGES, RESPONSES

TOOL = {"type": "function", "function": {"name": "f", "description": "F", "parameters": {"type": "object"}}}
CALLED = {"id": "c1", "index": 0, "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAEC"}}

BODIES: Mapping[str, tuple[str, dict[str, Any], list[dict[str, Any]]]] = {
    "chat": (
        CHAT,
        {
            "model": "m",
            "tools": [TOOL],
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "content": [{"type": "text", "text": "t"}, IMAGE]},
                {"role": "assistant", "content": None, "tool_calls": [CALLED]},
                {"role": "tool", "tool_call_id": "c1", "content": "r"},
            ],
        },
        [
            {
                "model": "m",
                "choices": [
                    {
                        "index": 0,
                        "message": {"content": "x", "reasoning_details": [{"text": "r"}], "audio": {"data": "AA=="}},
                        "delta": {"content": "x", "tool_calls": [CALLED], "executed_tools": [{"type": "s"}]},
                        "finish_reason": "stop",
                    }
                ],
                "citations": ["u"],
                "usage": {"prompt_tokens": 3, "completion_tokens": 2, "cost": 0.1, "is_byok": True},
            }
        ],
    ),
    "messages": (
        MESSAGES,
        {
            "model": "m",
            "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "r"}]},
                        {"type": "document", "source": {"type": "base64", "media_type": "a/b", "data": "AAEC"}},
                    ],
                }
            ],
        },
        [
            {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 3}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t", "name": "f"}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "refusal", "stop_details": {"explanation": "no"}},
                "usage": {"output_tokens": 2},
                "content": [{"type": "web_search_tool_result", "tool_use_id": "t", "content": []}],
            },
        ],
    ),
    "responses": (
        RESPONSES,
        {
            "model": "m",
            "instructions": "i",
            "input": [
                {"role": "user", "content": [{"type": "input_file", "file_data": "AAEC", "filename": "f"}]},
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "r"}]},
                {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "o"}]},
            ],
        },
        [
            {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message"}},
            {"type": "response.output_text.delta", "output_index": 0, "delta": "x"},
            {
                "type": "response.completed",
                "response": {
                    "status": "completed",
                    "output": [
                        {"type": "message", "content": [{"type": "output_text", "text": "x", "annotations": [{}]}]},
                        {"type": "code_interpreter_call", "code": "1", "outputs": [{"type": "logs", "logs": "2"}]},
                        {"type": "tool_search_output", "execution": "server", "tools": [{"name": "n", "tools": []}]},
                    ],
                    "usage": {"input_tokens": 3, "output_tokens": 2},
                },
            },
        ],
    ),
    "generate_content": (
        GEMINI,
        {
            "systemInstruction": {"parts": [{"text": "s"}]},
            "contents": [
                {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "AAEC"}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"a": 1}}}]},
            ],
            "tools": [{"functionDeclarations": [{"name": "f"}]}],
        },
        [
            {
                "candidates": [
                    {
                        "index": 0,
                        "content": {
                            "parts": [
                                {"functionCall": {"name": "f", "partialArgs": [{"jsonPath": "$.a.b"}]}},
                                {"executableCode": {"code": "1"}},
                                {"codeExecutionResult": {"output": "1"}},
                                {"text": "x", "thought": True},
                            ]
                        },
                        "finishReason": "STOP",
                        "groundingMetadata": {"webSearchQueries": ["q"]},
                    }
                ],
                "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
            }
        ],
    ),
    "converse": (
        CONVERSE,
        {
            "messages": [
                {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"json": {"a": 1}}]}}]},
                {"role": "user", "content": [{"document": {"format": "pdf", "source": {"bytes": "AAEC"}}}]},
            ]
        },
        [
            {"contentBlockStart": {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "f"}}}},
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{}"}}}},
            {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"citation": {"title": "c"}, "text": "x"}}},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {"inputTokens": 3, "outputTokens": 2}}},
        ],
    ),
    "interactions": (
        "http://h/v1beta/interactions",
        {"model": "m", "input": [{"type": "function_result", "call_id": "c", "result": {"a": 1}}]},
        [
            {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
            {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "x"}},
            {"event_type": "step.delta", "index": 0, "delta": {"type": "text_annotation_delta", "annotations": [{}]}},
            {"event_type": "interaction.completed", "interaction": {"status": "completed", "usage": {}}},
        ],
    ),
    "cohere_v1_chat": (
        "http://h/v1/chat",
        {"model": "m", "message": "a", "chat_history": [{"role": "TOOL", "tool_results": [{"outputs": [{}]}]}]},
        [{"event_type": "stream-end", "is_finished": True, "response": {"text": "x", "tool_calls": [{"name": "f"}]}}],
    ),
    "rerank": (
        "http://h/v2/rerank",
        {"model": "m", "query": "q", "documents": ["d", {"text": "e"}]},
        [{"results": [{"index": 0, "relevance_score": 0.5}], "meta": {"tokens": {"input_tokens": 3}}}],
    ),
    "generate": (
        "http://h/model/meta.llama3/invoke",
        {"prompt": "p"},
        [{"generation": "x", "token": {"text": "x"}, "details": {"prefill": [{}]}, "results": [{"outputText": "x"}]}],
    ),
    "images": (
        "http://h/v1/images/generations",
        {"model": "m", "prompt": "p"},
        [{"type": "image_generation.completed", "b64_json": "AAEC", "data": [{"url": "u"}], "usage": {}}],
    ),
}
JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    10**400,
    float("nan"),
    float("inf"),
    "",
    "\ud800",
    [],
    {},
    [[]],
    [None],
    {"type": "text"},
    {"type": 7},
    {"": ""},
    "data:image/png;base64,@@@",
]
QUICK = settings(
    max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def damaged(value: Any, random: Random, share: float) -> Any:
    """The value with some of its parts dropped, renamed, repeated, put in another order, or replaced by junk."""
    if random.random() < share:
        return random.choice(JUNK)
    if isinstance(value, dict):
        made = {}
        for key, one in value.items():
            if random.random() >= share:
                renamed = random.random() < share / 3
                made[random.choice(["type", "id", "index", f"{key}x"]) if renamed else key] = damaged(
                    one, random, share
                )
        return made
    if isinstance(value, list):
        several = [damaged(one, random, share) for one in value]
        if several and random.random() < share:
            several.append(random.choice(several))
            random.shuffle(several)
        return [several] if random.random() < share / 2 else several
    return value


def torn(body: bytes, random: Random) -> bytes:
    """The bytes as they are, cut off, or with some replaced by any others."""
    if random.random() < 0.3:
        body = body[: random.randrange(len(body) + 1)]
    if random.random() < 0.3:
        start = random.randrange(len(body) + 1)
        body = body[:start] + random.randbytes(random.randrange(4)) + body[start + random.randrange(3) :]
    return body


@QUICK
@given(name=st.sampled_from(sorted(BODIES)), random=st.randoms(use_true_random=False), share=st.floats(0.01, 0.2))
def test_damaged_bodies_are_read(name: str, random: Random, share: float) -> None:
    """No request and no answer raises, with or without the safety net around the readers."""
    url, body, events = BODIES[name]
    asked = damaged(body, random, share)
    table = MessageTable()
    parse_request(HttpRequest(method="POST", url=url, body=torn(json.dumps(asked).encode(), random)), table)
    call = parse_request(HttpRequest(method="POST", url=url, body=json.dumps(body).encode()), table)
    assert call is not None

    heard = [damaged(event, random, share) for event in events]
    (dialect,) = (one for one in DIALECTS if one.operation == call.operation)
    objects = [event for event in heard if isinstance(event, dict)]
    dialect.stream(objects, done=False)
    for event in objects:
        dialect.answer(event)
    whole = json.dumps(heard[0]) if random.random() < 0.5 else "".join(f"data: {json.dumps(one)}\n\n" for one in heard)
    answered = parse_response(call, HttpResponse(status=200, body=torn(whole.encode(), random)), table)

    assert answered.status in ("ok", "error", "abandoned")
    assert estimate_usage(answered).estimated


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_key_that_comes_twice_counts_once(name: str) -> None:
    """JSON allows it; the last one holds."""
    url, body, _ = BODIES[name]
    doubled = b'{"model": 7, ' + json.dumps(body).encode()[1:]

    found = find_dialect("POST", url, parse_json(doubled))

    assert found is not None
    assert found.operation == name


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_long_stream_is_read_in_linear_time(name: str) -> None:
    """Four times the events take about four times as long, not sixteen times."""
    _, _, events = BODIES[name]
    (dialect,) = (one for one in DIALECTS if one.operation == name)

    def seconds(times: int) -> float:
        begun = time.process_time()
        dialect.stream(events * times, done=True)
        return time.process_time() - begun

    short = min(seconds(200) for _ in range(3))
    assert seconds(800) < 10 * short + 0.05
