"""Amazon Bedrock's Converse."""

from __future__ import annotations

from typing import Any

from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import CONVERSE, answered, ask, aws_message, function, response, said

ASK: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
EVENT_STREAM = "application/vnd.amazon.eventstream"


def test_a_request_becomes_messages_tools_and_params() -> None:
    """Blocks are read by their one key; cache points are counted in the params."""
    body = {
        "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
        "messages": [
            {
                "role": "user",
                "content": [{"text": "look"}, {"image": {"format": "png", "source": {"bytes": "AAEC"}}}],
            },
            {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "zz"}}},
                    {"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"toolResult": {"toolUseId": "t1", "content": [{"json": {"b": 2}}], "status": "error"}},
                    {"text": "And now?"},
                ],
            },
        ],
        "toolConfig": {
            "tools": [
                {"toolSpec": {"name": "f", "description": "F.", "inputSchema": {"json": {"type": "object"}}}},
                {"cachePoint": {"type": "default"}},
            ],
            "toolChoice": {"auto": {}},
        },
        "inferenceConfig": {"temperature": 0},
    }

    call = ask(CONVERSE, body)

    assert call.operation == "converse"
    assert call.params == {
        "inferenceConfig": {"temperature": 0},
        "toolChoice": {"auto": {}},
        "cache_breakpoints": {"5m": 2},
    }
    assert call.tools == ({"name": "f", "description": "F.", "parameters": {"type": "object"}},)
    assert [dict(message) for message in call.messages] == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "look"},
                {
                    "type": "image",
                    "media_type": "image/png",
                    "digest": "a75c0b0d97360c1ba783496eb6a0395a",
                    "bytes": 3,
                },
            ],
        },
        {"role": "assistant", "tool_calls": [function("f", '{"a": 1}', "t1")], "reasoning": "hm"},
        {"role": "tool", "content": '{"b": 2}', "tool_call_id": "t1", "is_error": True},
        {"role": "user", "content": "And now?"},
    ]


def test_an_answer_in_one_piece() -> None:
    """`inputTokens` leaves out the cache, `input_tokens` does not."""
    data = {
        "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 10, "outputTokens": 2, "cacheReadInputTokens": 5, "cacheWriteInputTokens": 3},
    }

    call = answered(CONVERSE, ASK, data)

    assert said(call.output) == {"role": "assistant", "content": "Hello"}
    assert (call.status, call.finish_reason) == ("ok", "end_turn")
    assert call.usage == Usage(input_tokens=18, output_tokens=2, cache_read_tokens=5, cache_write_tokens=3)


def stream(*events: tuple[str, dict[str, Any]]) -> bytes:
    return b"".join(aws_message(payload, name) for name, payload in events)


EVENTS = (
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "hm"}}}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "Hel"}}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "lo"}}),
    ("contentBlockStart", {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t1", "name": "f"}}}),
    ("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": '{"a":'}}}),
    ("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": "1}"}}}),
    ("messageStop", {"stopReason": "tool_use"}),
    ("metadata", {"usage": {"inputTokens": 10, "outputTokens": 2}}),
)


def test_an_event_stream_is_put_together() -> None:
    """The binary event stream is decoded without an AWS library."""
    call = answered(f"{CONVERSE}-stream", ASK, response(stream(*EVENTS), kind=EVENT_STREAM))

    assert call.streamed
    assert said(call.output) == {
        "role": "assistant",
        "content": "Hello",
        "tool_calls": [function("f", '{"a": 1}', "t1")],
        "reasoning": "hm",
    }
    assert (call.status, call.finish_reason, call.usage) == ("ok", "tool_use", Usage(input_tokens=10, output_tokens=2))


def test_a_cut_event_stream_is_abandoned() -> None:
    """Half a message is no message."""
    call = answered(f"{CONVERSE}-stream", ASK, response(stream(*EVENTS[:4])[:-5], kind=EVENT_STREAM))

    assert (call.status, said(call.output)) == (
        "abandoned",
        {"role": "assistant", "content": "Hel", "reasoning": "hm"},
    )


def test_an_exception_in_an_event_stream_is_an_error() -> None:
    """Bedrock names the exception in a header."""
    body = aws_message({"message": "slow down"}, "throttlingException", kind="exception")

    call = answered(f"{CONVERSE}-stream", ASK, response(body, kind=EVENT_STREAM))

    assert call.error == CallError(type="throttlingException", message="slow down", status=200)


def test_documents_citations_and_unknown_blocks() -> None:
    """Files in S3 are addresses, citations stand beside their text, what is new stays as it is."""
    content = [
        {"document": {"format": "pdf", "name": "a", "source": {"s3Location": {"uri": "s3://b/a.pdf"}}}},
        {"document": {"format": "txt", "name": "b", "source": {"text": "hello"}}},
        {"unheardOf": {"a": 1}},
    ]
    cited = {"content": [{"text": "Hello"}], "citations": [{"title": "a"}]}
    answer = {"output": {"message": {"content": [{"citationsContent": cited}]}}, "stopReason": "end_turn"}

    call = answered(CONVERSE, {"messages": [{"role": "user", "content": content}]}, answer)

    assert dict(call.messages[0])["content"] == [
        {"type": "file", "url": "s3://b/a.pdf", "media_type": "pdf", "filename": "a"},
        {"type": "file", "format": "txt", "name": "b", "source": {"text": "hello"}},
        {"type": "unheardOf", "unheardOf": {"a": 1}},
    ]
    assert said(call.output) == {"role": "assistant", "content": "Hello", "annotations": [{"title": "a"}]}


def test_a_document_keeps_its_name_and_context() -> None:
    """Binary content is reduced to its digest wherever it stands."""
    document = {"name": "a", "format": "pdf", "source": {"bytes": "AAEC"}, "context": "Read this."}
    guarded = {"guardContent": {"image": {"format": "png", "source": {"bytes": "AAEC"}}}}

    call = ask(CONVERSE, {"messages": [{"role": "user", "content": [{"document": document}, guarded]}]})

    kept = {"digest": "a75c0b0d97360c1ba783496eb6a0395a", "bytes": 3}
    assert call.messages[0]["content"] == [
        {"type": "file", "media_type": "pdf", **kept, "filename": "a", "context": "Read this."},
        {"type": "guardContent", "guardContent": {"image": {"format": "png", "source": {"type": "file", **kept}}}},
    ]
