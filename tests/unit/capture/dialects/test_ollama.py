"""Ollama's own API."""

from __future__ import annotations

import json
from typing import Any

from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import answered, ask, function, response, said

CHAT = "http://127.0.0.1:11434/api/chat"
GENERATE = "http://127.0.0.1:11434/api/generate"
ASK: dict[str, Any] = {"model": "llama3", "messages": [{"role": "user", "content": "hi"}]}
END = {"done": True, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 2, "model": "llama3"}


def lines(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def test_a_chat_request() -> None:
    """Images are base64 beside the text, arguments are data, streaming is the default."""
    body = {
        "model": "llama3",
        "messages": [
            {"role": "user", "content": "look", "images": ["AAEC"]},
            {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
            {"role": "tool", "content": "one", "tool_name": "f"},
        ],
        "options": {"temperature": 0},
    }

    call = ask(CHAT, body)

    assert (call.name, call.streamed) == ("ollama/llama3", True)
    assert not ask(CHAT, {**ASK, "stream": False}).streamed
    assert call.params == {"options": {"temperature": 0}}
    assert [dict(message) for message in call.messages] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image", "digest": "a75c0b0d97360c1ba783496eb6a0395a", "bytes": 3},
            ],
        },
        {"role": "assistant", "tool_calls": [function("f", '{"a": 1}')]},
        {"role": "tool", "content": "one", "name": "f"},
    ]


def test_a_chat_answer_as_lines_or_in_one_piece() -> None:
    """Both forms give the same call."""
    message = {"role": "assistant", "content": "Hello", "thinking": "hm"}
    pieces = lines(
        {"message": {"role": "assistant", "content": "", "thinking": "hm"}, "done": False},
        {"message": {"role": "assistant", "content": "Hel"}, "done": False},
        {"message": {"role": "assistant", "content": "lo"}, **END},
    )

    streamed = answered(CHAT, ASK, response(pieces, kind="application/x-ndjson"))
    whole = answered(CHAT, ASK, {"message": message, **END})

    assert streamed == whole
    assert said(whole.output) == {"role": "assistant", "content": "Hello", "reasoning": "hm"}
    assert (whole.status, whole.finish_reason, whole.usage) == ("ok", "stop", Usage(input_tokens=5, output_tokens=2))


def test_lines_that_stop_early_are_abandoned() -> None:
    """Without `done` there is no end."""
    pieces = lines({"message": {"content": "Hel"}, "done": False}, {"message": {"content": "lo"}, "done": False})

    call = answered(CHAT, ASK, response(pieces, kind="application/x-ndjson"))

    assert (call.status, said(call.output)) == ("abandoned", {"role": "assistant", "content": "Hello"})
    first = answered(
        CHAT, ASK, response(lines({"message": {"content": "Hel"}, "done": False}), kind="application/x-ndjson")
    )
    assert (first.status, said(first.output)) == ("abandoned", {"role": "assistant", "content": "Hel"})


def test_generate_has_a_prompt_and_a_response() -> None:
    """`system` is the system message."""
    body = {"model": "llama3", "prompt": "hi", "system": "Be brief.", "stream": False}

    call = answered(GENERATE, body, {"response": "Hello", **END})

    assert call.operation == "ollama_generate"
    assert [dict(message) for message in call.messages] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hi"},
    ]
    assert said(call.output) == {"role": "assistant", "content": "Hello"}


def test_an_ollama_error_is_a_bare_text() -> None:
    """It comes with a status of its own."""
    call = answered(CHAT, ASK, response({"error": "model not found"}, status=404))

    assert call.error == CallError(type="http_404", message="model not found", status=404)
