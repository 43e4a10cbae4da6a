"""OpenAI chat completions and those who speak them."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._capture.dialects.chat_messages import chat_message, text_message
from pytest_llmtrace._model.messages import message
from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import CHAT, answered, ask, function, said, sent, sse

ASK: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}


def choice(message: dict[str, Any], reason: str | None = "stop", index: int = 0) -> dict[str, Any]:
    return {"index": index, "message": message, "finish_reason": reason}


def chunk(delta: dict[str, Any], reason: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"model": "gpt-4o-2024-08-06", "choices": [{"index": index, "delta": delta, "finish_reason": reason}]}


@pytest.mark.parametrize(
    "raw",
    [
        {"role": "user", "content": "hi"},
        {"content": "hi", "role": "assistant", "refusal": None, "annotations": [], "tool_calls": None},
        {"role": "tool", "content": "x", "tool_call_id": "c"},
        {"role": "function", "content": "x", "name": "f"},
        {"role": "function", "content": "x"},
        {"role": "user", "content": "x", "name": "n"},
        {"role": "assistant", "content": "x", "audio": {"id": "a"}},
        {"role": "assistant", "content": "x", "prefix": True},
        {"role": "assistant", "content": "x", "weight": 0},
        {"role": "assistant", "content": ""},
        {"role": "", "content": "x"},
        {"role": None, "content": "x"},
        {"content": "x"},
        {"role": "user", "content": [{"type": "text", "text": "x"}]},
        {"role": "user"},
        {},
    ],
)
def test_a_message_of_text_alone_is_what_every_message_comes_to(raw: dict[str, Any]) -> None:
    """The short way is taken where it leads to the same; else it is not taken."""
    long = message(chat_message(raw))
    short = text_message(raw)
    assert short is None or (list(short.items()), short.digest) == (list(long.items()), long.digest)


def test_most_messages_are_read_the_short_way() -> None:
    """Also where an SDK writes out what is not there."""
    assert text_message({"role": "user", "content": "hi"}) is not None
    assert text_message({"role": "assistant", "content": "hi", "refusal": None, "annotations": []}) is not None


def test_a_request_becomes_messages_tools_and_params() -> None:
    """Transport and identity are dropped, everything that shapes the answer stays in the provider's spelling."""
    body = {
        **ASK,
        "stream": True,
        "stream_options": {"include_usage": True},
        "api_key": "sk-1",
        "temperature": 0,
        "seed": None,
        "user": "u",
        "metadata": {"a": "b"},
        "response_format": {"type": "json_object"},
        "tool_choice": "auto",
        "tools": [
            {
                "type": "function",
                "function": {"name": "f", "description": "F.", "parameters": {"type": "object"}, "strict": True},
            },
            {"type": "web_search", "search_context_size": "low"},
        ],
    }

    call = ask(CHAT, body)

    assert call.operation == "chat"
    assert call.streamed
    assert call.params == {
        "temperature": 0,
        "user": "u",
        "metadata": {"a": "b"},
        "response_format": {"type": "json_object"},
        "tool_choice": "auto",
    }
    assert call.tools == (
        {"name": "f", "description": "F.", "parameters": {"type": "object"}, "strict": True},
        {"type": "web_search", "search_context_size": "low"},
    )


def test_legacy_functions_are_tools() -> None:
    """`functions`, `function_call` and the role `function` read like their successors."""
    body = {
        "model": "m",
        "functions": [{"name": "f", "parameters": {"type": "object"}}],
        "messages": [
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"a":1}'}},
            {"role": "function", "name": "f", "content": "1"},
        ],
    }

    call = ask(CHAT, body)

    assert call.tools == ({"name": "f", "parameters": {"type": "object"}},)
    assert [dict(message) for message in call.messages] == [
        {"role": "assistant", "tool_calls": [function("f", '{"a": 1}')]},
        {"role": "tool", "content": "1", "name": "f"},
    ]


def test_secrets_of_built_in_tools_never_reach_a_trace() -> None:
    """An MCP server's token and headers identify the caller and say nothing about the call."""
    tool = {"type": "mcp", "server_url": "https://s", "authorization": "tok", "headers": {"x-key": "tok"}}

    assert ask(CHAT, {**ASK, "tools": [tool]}).tools == ({"type": "mcp", "server_url": "https://s"},)


def test_text_is_equal_in_every_spelling_and_cache_marks_are_counted_apart() -> None:
    """A string and a list of text parts are the same message, with or without a cache mark."""
    marked = [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    plain = ask(CHAT, ASK)
    cached = ask(CHAT, {"model": "gpt-4o", "messages": [{"role": "user", "content": marked}]})

    assert plain.messages[0].digest == cached.messages[0].digest
    assert plain.params == {}
    assert cached.params == {"cache_breakpoints": {"1h": 1}}


def test_an_answer_with_tool_calls() -> None:
    """Output, finish reason, model and usage of an ordinary response; nulls and empty lists are dropped."""
    message = {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "annotations": [],
        "tool_calls": [
            {"id": "call_1", "type": "function", "index": 0, "function": {"name": "f", "arguments": '{"a":1}'}}
        ],
    }
    usage = {
        "prompt_tokens": 20,
        "completion_tokens": 5,
        "total_tokens": 25,
        "prompt_tokens_details": {"cached_tokens": 16},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }

    call = answered(CHAT, ASK, {"model": "gpt-4o-x", "choices": [choice(message, "tool_calls")], "usage": usage})

    assert said(call.output) == {"role": "assistant", "tool_calls": [function("f", '{"a": 1}', "call_1")]}
    assert (call.status, call.finish_reason, call.response_model) == ("ok", "tool_calls", "gpt-4o-x")
    assert call.usage == Usage(input_tokens=20, output_tokens=5, cache_read_tokens=16, reasoning_tokens=2)
    assert call.error is None
    assert call.cost is None


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_content": "think"},
        {"reasoning": "think"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "think", "signature": "s"}]},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "think"}]},
                {"type": "text", "text": "4"},
            ]
        },
    ],
)
def test_reasoning_is_one_field_in_every_spelling(fields: dict[str, Any]) -> None:
    """DeepSeek, OpenRouter, vLLM and Mistral each have their own word for it."""
    call = answered(CHAT, ASK, {"choices": [choice({"role": "assistant", "content": "4", **fields})]})

    assert said(call.output) == {"role": "assistant", "content": "4", "reasoning": "think"}


def test_further_choices_stand_beside_the_first() -> None:
    """With `n` above 1 nothing of the answer is lost."""
    choices = [choice({"content": "b"}, index=1), choice({"content": "a"}, index=0)]

    call = answered(CHAT, {**ASK, "n": 2}, {"choices": choices})

    assert said(call.output) == {
        "role": "assistant",
        "content": "a",
        "alternatives": [{"role": "assistant", "content": "b"}],
    }


def test_spoken_output_is_kept_as_digest_and_transcript() -> None:
    """Audio data is replaced by its digest and size."""
    audio = {"id": "audio_1", "data": "AAEC", "expires_at": 5, "transcript": "hi"}

    call = answered(CHAT, ASK, {"choices": [choice({"role": "assistant", "content": None, "audio": audio})]})

    assert call.output is not None
    assert call.output["audio"] == {
        "type": "audio",
        "digest": "a75c0b0d97360c1ba783496eb6a0395a",
        "bytes": 3,
        "id": "audio_1",
        "transcript": "hi",
    }


def test_a_stream_is_put_together() -> None:
    """Text, refusal, reasoning, parallel tool calls, `null` deltas and the usage chunk end up in one message."""
    stream = sse(
        chunk({"role": "assistant", "content": "", "tool_calls": None}),
        chunk({"reasoning_content": "th"}),
        chunk({"reasoning_content": "ink", "content": None}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo", "tool_calls": None}),
        chunk(
            {"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]}
        ),
        chunk(
            {"tool_calls": [{"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": ""}}]}
        ),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"x"'}}]}),
        chunk(
            {
                "tool_calls": [
                    {"index": 1, "function": {"arguments": "{}"}},
                    {"index": 0, "function": {"arguments": ":1}"}},
                ]
            }
        ),
        chunk({}, "tool_calls"),
        {"model": "gpt-4o-2024-08-06", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}},
        done=True,
    )

    call = answered(CHAT, {**ASK, "stream": True}, stream)

    assert said(call.output) == {
        "role": "assistant",
        "content": "Hello",
        "tool_calls": [function("f", '{"x": 1}', "a"), function("g", "{}", "b")],
        "reasoning": "think",
    }
    assert (call.status, call.finish_reason, call.response_model) == ("ok", "tool_calls", "gpt-4o-2024-08-06")
    assert call.usage == Usage(input_tokens=9, output_tokens=4)


@pytest.mark.parametrize(
    "deltas",
    [
        [
            {"id": "a", "function": {"name": "f", "arguments": "{}"}},
            {"id": "b", "function": {"name": "g", "arguments": "{}"}},
        ],
        [
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}},
            {"index": 0, "id": "b", "function": {"name": "g", "arguments": "{}"}},
        ],
        [
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": {}}},
            {"index": 1, "id": "b", "function": {"name": "g", "arguments": None}},
        ],
        [
            {"index": 1, "id": "b", "function": {"name": "g", "arguments": ""}},
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}},
            {"index": 1, "function": {"arguments": "{}"}},
            {"index": 0, "function": {"arguments": "}"}},
        ],
    ],
)
def test_calls_of_a_stream_are_told_apart_without_good_numbers(deltas: list[dict[str, Any]]) -> None:
    """Some servers leave the index out, or give every call the same, or send arguments as data."""
    stream = sse(*(chunk({"tool_calls": [delta]}) for delta in deltas), chunk({}, "tool_calls"))

    call = answered(CHAT, {**ASK, "stream": True}, stream)

    assert call.output is not None
    assert call.output["tool_calls"] == [function("f", "{}", "a"), function("g", "{}", "b")]


def test_a_stream_that_stops_early_is_abandoned() -> None:
    """Without a finish reason or an end marker the answer has no end; what came is kept."""
    call = answered(CHAT, {**ASK, "stream": True}, sse(chunk({"content": "Hel"}), chunk({"content": "lo"})))

    assert said(call.output) == {"role": "assistant", "content": "Hello"}
    assert (call.status, call.finish_reason, call.usage) == ("abandoned", None, None)


@pytest.mark.parametrize("done", [True, False])
def test_either_end_is_an_end(done: bool) -> None:
    """A `[DONE]` without a finish reason and a finish reason without `[DONE]` both end a stream."""
    call = answered(CHAT, {**ASK, "stream": True}, sse(chunk({"content": "x"}, None if done else "stop"), done=done))

    assert call.status == "ok"


def test_an_error_in_a_stream_is_an_error() -> None:
    """What came before it is kept."""
    error = {"error": {"type": "server_error", "message": "overloaded"}}

    call = answered(CHAT, {**ASK, "stream": True}, sse(chunk({"content": "Hel"}), error))

    assert (call.status, call.error) == ("error", CallError(type="server_error", message="overloaded", status=200))
    assert said(call.output) == {"role": "assistant", "content": "Hel"}


def test_a_stream_asked_for_may_be_answered_in_one_piece() -> None:
    """The response says what it is, not the request."""
    call = answered(CHAT, {**ASK, "stream": True}, {"choices": [choice({"role": "assistant", "content": "x"})]})

    assert (call.status, said(call.output)) == ("ok", {"role": "assistant", "content": "x"})


def test_groq_reports_usage_in_its_own_field() -> None:
    """`x_groq.usage` of the last chunk counts."""
    stream = sse(
        chunk({"content": "x"}, "stop"),
        {"choices": [], "x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}},
    )

    assert answered(CHAT, {**ASK, "stream": True}, stream).usage == Usage(input_tokens=3, output_tokens=1)


def test_openrouter_says_what_it_charged() -> None:
    """The stated cost is kept; with a caller's own key the upstream charge comes on top."""
    usage = {"prompt_tokens": 3, "completion_tokens": 1, "cost": 0.25}
    own_key = {**usage, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.5}}
    answer = {"choices": [choice({"content": "x"})]}

    assert answered(CHAT, ASK, {**answer, "usage": usage}).cost == 0.25
    assert answered(CHAT, ASK, {**answer, "usage": own_key}).cost == 0.75


def test_unknown_fields_of_a_message_are_kept_unless_they_say_nothing() -> None:
    """A prefill mark reaches the model; litellm's own fields and empty ones do not."""
    body = {
        "model": "m",
        "messages": [
            {"role": "assistant", "content": "x", "prefix": True},
            {"role": "assistant", "content": "x", "prefix": False, "provider_specific_fields": {"refusal": None}},
        ],
    }

    assert sent(CHAT, body) == [
        {"role": "assistant", "content": "x", "prefix": True},
        {"role": "assistant", "content": "x"},
    ]


def test_the_developer_role_stays() -> None:
    """`developer` is not rewritten to `system`."""
    assert sent(CHAT, {"model": "m", "messages": [{"role": "developer", "content": "x"}]}) == [
        {"role": "developer", "content": "x"}
    ]


def test_a_custom_tool_call_keeps_its_free_text() -> None:
    """Grammar-constrained tools take text, not JSON."""
    calls = [{"id": "c", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}]

    call = answered(CHAT, ASK, {"choices": [choice({"content": None, "tool_calls": calls}, "tool_calls")]})

    assert call.output is not None
    assert call.output["tool_calls"] == [
        {"id": "c", "type": "custom", "function": {"name": "sql", "arguments": "SELECT 1"}}
    ]


def test_a_stream_of_parts_images_and_sound() -> None:
    """Mistral streams thinking as parts, OpenRouter images, OpenAI sound in pieces, older models function calls."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAEC"}}
    stream = sse(
        chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
        chunk({"content": [{"type": "text", "text": "Hel"}]}),
        chunk({"content": "lo", "images": [image]}),
        chunk({"audio": {"id": "a", "transcript": "Hel"}}),
        chunk({"audio": {"data": "AA", "transcript": "lo"}}),
        chunk({"audio": {"data": "EC"}}),
        chunk({"function_call": {"name": "f", "arguments": '{"a"'}}),
        chunk({"function_call": {"arguments": ": 1}"}}, "function_call"),
    )

    call = answered(CHAT, {**ASK, "stream": True}, stream)

    digest = {"digest": "a75c0b0d97360c1ba783496eb6a0395a", "bytes": 3}
    assert said(call.output) == {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "Hel"},
            {"type": "text", "text": "lo"},
            {"type": "image", "media_type": "image/png", **digest},
        ],
        "tool_calls": [function("f", '{"a": 1}')],
        "reasoning": "hm",
        "audio": {"type": "audio", **digest, "id": "a", "transcript": "Hello"},
    }


def test_calls_without_number_and_id_are_told_apart_by_their_names() -> None:
    """Some servers send whole calls and nothing to tell them by; a name repeated within a call begins no other."""
    deltas = [
        {"id": "", "function": {"name": "f", "arguments": '{"x": 1}'}},
        {"id": "", "function": {"name": "f", "arguments": '{"x"'}},
        {"id": "", "function": {"name": "f", "arguments": ": 2}"}},
    ]
    stream = sse(*(chunk({"tool_calls": [delta]}) for delta in deltas), chunk({}, "tool_calls"))

    call = answered(CHAT, {**ASK, "stream": True}, stream)

    assert said(call.output)["tool_calls"] == [
        {"type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}},
        {"type": "function", "function": {"name": "f", "arguments": '{"x": 2}'}},
    ]


def test_thoughts_and_text_that_are_streamed_as_parts_are_whole() -> None:
    """Mistral's reasoning models stream a few letters of a thinking part at a time: those are no paragraphs."""
    stream = sse(
        chunk({"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Let"}]}]}),
        chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": " me"}]}]}),
        chunk({"content": [{"type": "text", "text": "Hel"}]}),
        chunk({"content": [{"type": "text", "text": "lo"}]}),
        chunk({}, "stop"),
    )

    call = answered(CHAT, {**ASK, "stream": True}, stream)

    assert said(call.output) == {"role": "assistant", "content": "Hello", "reasoning": "Let me"}
