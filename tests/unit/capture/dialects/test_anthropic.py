"""Anthropic's Messages API."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import (
    MESSAGES,
    answered,
    ask,
    aws_message,
    function,
    response,
    said,
    sent,
    sse,
)

ASK: dict[str, Any] = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def reply(*blocks: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"role": "assistant", "model": "claude-x", "content": list(blocks), "stop_reason": "end_turn", **others}


def test_the_system_prompt_is_the_first_message() -> None:
    """As text or as blocks; cache marks are counted in the params, not kept in the message."""
    blocks = [
        {"type": "text", "text": "Be "},
        {"type": "text", "text": "brief.", "cache_control": {"type": "ephemeral"}},
    ]

    assert sent(MESSAGES, {**ASK, "system": "Be brief."})[0] == {"role": "system", "content": "Be brief."}
    call = ask(MESSAGES, {**ASK, "system": blocks})
    assert dict(call.messages[0]) == {"role": "system", "content": "Be brief."}
    assert call.params == {"max_tokens": 9, "cache_breakpoints": {"5m": 1}}


def test_blocks_become_tool_calls_and_tool_messages() -> None:
    """Each tool result is a message, an error is marked, and what the user adds is a message after them."""
    messages = [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sig"},
                {"type": "redacted_thinking", "data": "xyz"},
                {"type": "text", "text": "Looking."},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
                {"type": "tool_use", "id": "t2", "name": "g", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "one"},
                {
                    "type": "tool_result",
                    "tool_use_id": "t2",
                    "content": [{"type": "text", "text": "two"}],
                    "is_error": True,
                },
                {"type": "text", "text": "And now?"},
            ],
        },
    ]

    assert sent(MESSAGES, {**ASK, "messages": messages}) == [
        {
            "role": "assistant",
            "content": "Looking.",
            "tool_calls": [function("f", '{"a": 1}', "t1"), function("g", "{}", "t2")],
            "reasoning": "hm",
        },
        {"role": "tool", "content": "one", "tool_call_id": "t1"},
        {"role": "tool", "content": "two", "tool_call_id": "t2", "is_error": True},
        {"role": "user", "content": "And now?"},
    ]


def test_tools_have_the_common_form() -> None:
    """`input_schema` is `parameters`; server tools stay as they are."""
    tools = [
        {"name": "f", "description": "F.", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}},
        {"type": "custom", "name": "g", "input_schema": {}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
    ]

    assert ask(MESSAGES, {**ASK, "tools": tools}).tools == (
        {"name": "f", "description": "F.", "parameters": {"type": "object"}},
        {"name": "g", "parameters": {}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
    )


def test_the_token_of_an_mcp_server_never_reaches_a_trace() -> None:
    """The rest of the server stays in the params."""
    servers = [{"type": "url", "url": "https://s", "name": "s", "authorization_token": "tok"}]

    assert ask(MESSAGES, {**ASK, "mcp_servers": servers}).params == {
        "max_tokens": 9,
        "mcp_servers": [{"type": "url", "url": "https://s", "name": "s"}],
    }


def test_an_answer_in_one_piece() -> None:
    """`input_tokens` is the whole input: what was read from and written to the cache is added."""
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "output_tokens": 5,
        "output_tokens_details": {"thinking_tokens": 2},
    }

    call = answered(MESSAGES, ASK, reply({"type": "text", "text": "Hello"}, usage=usage))

    assert said(call.output) == {"role": "assistant", "content": "Hello"}
    assert (call.status, call.finish_reason, call.response_model) == ("ok", "end_turn", "claude-x")
    assert call.usage == Usage(
        input_tokens=140, output_tokens=5, cache_read_tokens=100, cache_write_tokens=30, reasoning_tokens=2
    )


def test_a_server_tool_is_a_call_with_its_result() -> None:
    """Encrypted parts of a result mean something to the provider alone and are left out."""
    blocks = [
        {"type": "text", "text": "Let me look. "},
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": "s1",
            "content": [{"type": "web_search_result", "url": "https://u", "encrypted_content": "zzz"}],
        },
        {"type": "text", "text": "Found.", "citations": [{"url": "https://u", "encrypted_index": "zz"}]},
    ]

    assert said(answered(MESSAGES, ASK, reply(*blocks)).output) == {
        "role": "assistant",
        "content": "Let me look. Found.",
        "tool_calls": [
            {
                "id": "s1",
                "type": "server_tool_use",
                "function": {"name": "web_search", "arguments": '{"query": "q"}'},
                "result": [{"type": "web_search_result", "url": "https://u"}],
            }
        ],
        "annotations": [{"url": "https://u"}],
    }


def test_a_result_without_its_call_stands_alone() -> None:
    """After a pause the result of a server tool opens the next message."""
    block = {"type": "code_execution_tool_result", "tool_use_id": "s1", "content": {"stdout": "2"}}

    assert said(answered(MESSAGES, ASK, reply(block)).output) == {"role": "assistant", "content": [block]}


def test_a_stream_equals_the_answer_in_one_piece() -> None:
    """Text, thinking, tool input and citations come in pieces; the last usage counts."""
    usage = {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 7}
    whole = reply(
        {"type": "thinking", "thinking": "hmm", "signature": "s"},
        {"type": "text", "text": "Hello", "citations": [{"url": "u"}]},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
        {"type": "tool_use", "id": "t2", "name": "g", "input": {}},
        stop_reason="tool_use",
        usage=usage,
    )
    stream = sse(
        {"type": "message_start", "message": {"model": "claude-x", "usage": {**usage, "output_tokens": 1}}},
        {"type": "ping"},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "h"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "mm"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hel"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "lo"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "citations_delta", "citation": {"url": "u"}}},
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
        },
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ""}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"a"'}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ": 1}"}},
        {
            "type": "content_block_start",
            "index": 3,
            "content_block": {"type": "tool_use", "id": "t2", "name": "g", "input": {}},
        },
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use"},
            "usage": {"output_tokens": 7, "input_tokens": None},
        },
        {"type": "message_stop"},
        named=True,
    )

    assert answered(MESSAGES, ASK, stream) == answered(MESSAGES, ASK, whole)


def test_a_stream_that_stops_early_is_abandoned() -> None:
    """Half an input stays text; the input tokens of the start are known."""
    stream = sse(
        {"type": "message_start", "message": {"model": "claude-x", "usage": {"input_tokens": 10, "output_tokens": 1}}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"a"'}},
    )

    call = answered(MESSAGES, ASK, stream)

    assert said(call.output) == {"role": "assistant", "tool_calls": [function("f", '{"a"', "t1")]}
    assert (call.status, call.finish_reason) == ("abandoned", None)
    assert call.usage == Usage(input_tokens=10, output_tokens=1)


def test_an_error_event_is_an_error() -> None:
    """Anthropic reports an overload in the stream."""
    stream = sse(
        {"type": "message_start", "message": {"model": "claude-x"}},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        named=True,
    )

    call = answered(MESSAGES, ASK, stream)

    assert (call.status, call.output) == ("error", None)
    assert call.error == CallError(type="overloaded_error", message="Overloaded", status=200)


def test_a_stream_through_bedrock_has_the_same_events() -> None:
    """Bedrock wraps each event, in base64, into a message of its binary event stream."""
    events = [
        {"type": "message_start", "message": {"model": "claude-x", "usage": {"input_tokens": 3, "output_tokens": 1}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    ]
    body = b"".join(
        aws_message({"bytes": base64.b64encode(json.dumps(event).encode()).decode()}, "chunk") for event in events
    )
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude/invoke-with-response-stream"
    asked = {"anthropic_version": "bedrock-2023-05-31", "messages": []}

    call = answered(url, asked, response(body, kind="application/vnd.amazon.eventstream"))

    assert said(call.output) == {"role": "assistant", "content": "Hello"}
    assert (call.status, call.name, call.streamed) == ("ok", "bedrock/anthropic.claude", True)
    assert call.usage == Usage(input_tokens=3, output_tokens=2)


def test_what_the_user_says_before_a_result_is_a_message_before_it() -> None:
    """The order of blocks is kept."""
    content = [
        {"type": "text", "text": "first"},
        {"type": "tool_result", "tool_use_id": "t1"},
        {"type": "text", "text": "last"},
    ]

    assert sent(MESSAGES, {**ASK, "messages": [{"role": "user", "content": content}]}) == [
        {"role": "user", "content": "first"},
        {"role": "tool", "tool_call_id": "t1"},
        {"role": "user", "content": "last"},
    ]


@pytest.mark.parametrize("streamed", [False, True])
def test_what_a_classifier_says_is_the_refusal(streamed: bool) -> None:
    """An answer that was stopped explains itself in its stop details."""
    stop = {"stop_reason": "refusal", "stop_details": {"type": "refusal", "explanation": "No."}}
    events = sse(
        {"type": "message_start", "message": {"usage": {}}},
        {"type": "message_delta", "delta": stop, "usage": {}},
        {"type": "message_stop"},
    )

    call = answered(MESSAGES, ASK, events if streamed else {"content": [], **stop})

    assert said(call.output) == {"role": "assistant", "refusal": "No."}
    assert (call.finish_reason, call.status) == ("refusal", "ok")


def test_the_error_of_a_remote_tool_is_told_from_its_result() -> None:
    """What an MCP server failed with stands at its call as an error."""
    blocks = [
        {"type": "mcp_tool_use", "id": "m1", "name": "find", "server_name": "docs", "input": {}},
        {"type": "mcp_tool_result", "tool_use_id": "m1", "is_error": True, "content": [{"type": "text", "text": "no"}]},
    ]
    call = answered(
        MESSAGES,
        {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]},
        {"type": "message", "role": "assistant", "content": blocks, "stop_reason": "end_turn"},
    )
    assert call.output is not None
    assert call.output["tool_calls"] == [
        {
            "id": "m1",
            "type": "mcp_tool_use",
            "function": {"name": "find", "arguments": "{}"},
            "result": {"is_error": True, "content": [{"type": "text", "text": "no"}]},
            "server": "docs",
        }
    ]
