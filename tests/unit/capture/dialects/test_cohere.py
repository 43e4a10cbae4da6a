"""Cohere's chat."""

from __future__ import annotations

from typing import Any

from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import answered, function, said, sse

COHERE = "https://api.cohere.com/v2/chat"
ASK: dict[str, Any] = {"model": "command-r", "messages": [{"role": "user", "content": "hi"}]}


def test_a_cohere_answer() -> None:
    """The plan is reasoning, citations stand beside the text."""
    data = {
        "finish_reason": "COMPLETE",
        "message": {
            "role": "assistant",
            "content": [{"type": "text", "text": "Hello"}],
            "tool_plan": "greet",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            "citations": [{"start": 0, "end": 1}],
        },
        "usage": {
            "tokens": {"input_tokens": 50, "output_tokens": 2},
            "cached_tokens": 16,
            "billed_units": {"input_tokens": 3},
        },
    }

    call = answered(COHERE, ASK, data)

    assert (call.operation, call.name) == ("cohere_chat", "cohere/command-r")
    assert said(call.output) == {
        "role": "assistant",
        "content": "Hello",
        "tool_calls": [function("f", "{}", "c")],
        "reasoning": "greet",
        "annotations": [{"start": 0, "end": 1}],
    }
    assert call.finish_reason == "COMPLETE"
    assert call.usage == Usage(input_tokens=50, output_tokens=2, cache_read_tokens=16)


def test_a_cohere_stream_equals_the_answer_in_one_piece() -> None:
    """Plan, text, calls and citations come in events of their own."""
    call_start = {"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    stream = sse(
        {"type": "message-start", "delta": {"message": {"role": "assistant", "content": [], "tool_calls": []}}},
        {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "gre"}}},
        {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "et"}}},
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hel"}}}},
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "lo"}}}},
        {"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": call_start}}},
        {
            "type": "tool-call-delta",
            "index": 0,
            "delta": {"message": {"tool_calls": {"function": {"arguments": "{}"}}}},
        },
        {"type": "citation-start", "index": 0, "delta": {"message": {"citations": {"start": 0, "end": 1}}}},
        {
            "type": "message-end",
            "delta": {"finish_reason": "COMPLETE", "usage": {"tokens": {"input_tokens": 50, "output_tokens": 2}}},
        },
        named=True,
    )

    call = answered(COHERE, {**ASK, "stream": True}, stream)

    assert said(call.output) == {
        "role": "assistant",
        "content": "Hello",
        "tool_calls": [function("f", "{}", "c")],
        "reasoning": "greet",
        "annotations": [{"start": 0, "end": 1}],
    }
    assert (call.status, call.finish_reason, call.usage) == ("ok", "COMPLETE", Usage(input_tokens=50, output_tokens=2))
