"""OpenAI's Responses API."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import RESPONSES, answered, ask, function, said, sent, sse

ASK: dict[str, Any] = {"model": "gpt-5", "input": "hi"}


def text_item(text: str, **others: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content, **others}


def call_item(name: str, call_id: str, arguments: str = "{}") -> dict[str, Any]:
    return {"type": "function_call", "id": f"fc_{call_id}", "call_id": call_id, "name": name, "arguments": arguments}


def reply(*items: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"model": "gpt-5-x", "status": "completed", "output": list(items), **others}


def test_instructions_and_a_text_are_two_messages() -> None:
    """`instructions` is the system message; a string is what the user says."""
    assert sent(RESPONSES, {**ASK, "instructions": "Be brief."}) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hi"},
    ]


def test_neighbouring_items_of_the_model_are_one_message() -> None:
    """Reasoning, text and parallel calls belong together; each result is a message of its own."""
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {
            "type": "reasoning",
            "id": "rs",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "x",
        },
        text_item("Looking.", phase="commentary"),
        call_item("f", "c1", '{"a":1}'),
        call_item("g", "c2"),
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
    ]

    assert sent(RESPONSES, {"model": "m", "input": items}) == [
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": "Looking.",
            "tool_calls": [function("f", '{"a": 1}', "c1"), function("g", "{}", "c2")],
            "reasoning": "hm",
        },
        {"role": "tool", "content": "one", "tool_call_id": "c1"},
        {"role": "tool", "content": "two", "tool_call_id": "c2"},
    ]


def test_messages_that_the_application_wrote_stay_apart() -> None:
    """Two assistant messages without an id are not two items of one answer, but reasoning joins what it led to."""
    items = [
        {"role": "assistant", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"type": "reasoning", "id": "rs", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
        {"role": "assistant", "content": "three"},
    ]

    assert sent(RESPONSES, {"model": "m", "input": items[:2]}) == [
        {"role": "assistant", "content": "one"},
        {"role": "assistant", "content": "two"},
    ]
    assert sent(RESPONSES, {"model": "m", "input": items[2:]}) == [
        {"role": "assistant", "content": "three", "reasoning": "hm"}
    ]


def test_what_continues_a_conversation_stays_in_the_params() -> None:
    """`previous_response_id`, `reasoning`, `text` and `store` shape the answer."""
    body = {**ASK, "previous_response_id": "resp_1", "reasoning": {"effort": "low"}, "store": False, "stream": True}

    call = ask(RESPONSES, body)

    assert call.params == {"previous_response_id": "resp_1", "reasoning": {"effort": "low"}, "store": False}
    assert call.streamed


def test_flat_function_tools_and_built_in_tools() -> None:
    """Functions have the common form, `strict` only where it is true; built-in tools stay as they are."""
    tools = [
        {"type": "function", "name": "f", "description": None, "parameters": {"type": "object"}, "strict": False},
        {"type": "function", "name": "g", "parameters": {}, "strict": True, "defer_loading": True},
        {"type": "file_search", "vector_store_ids": ["vs"]},
    ]

    assert ask(RESPONSES, {**ASK, "tools": tools}).tools == (
        {"name": "f", "parameters": {"type": "object"}},
        {"name": "g", "parameters": {}, "strict": True, "defer_loading": True},
        {"type": "file_search", "vector_store_ids": ["vs"]},
    )


def test_an_answer_in_one_piece() -> None:
    """Text, calls, usage, and the status as finish reason."""
    usage = {
        "input_tokens": 20,
        "input_tokens_details": {"cached_tokens": 8},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 27,
    }

    call = answered(RESPONSES, ASK, reply(text_item("Hello"), call_item("f", "c1"), usage=usage, error=None))

    assert said(call.output) == {"role": "assistant", "content": "Hello", "tool_calls": [function("f", "{}", "c1")]}
    assert (call.status, call.finish_reason, call.response_model) == ("ok", "completed", "gpt-5-x")
    assert call.usage == Usage(input_tokens=20, output_tokens=7, cache_read_tokens=8, reasoning_tokens=3)


def test_citations_stand_beside_the_text() -> None:
    """The text stays a string."""
    citation = {"type": "url_citation", "url": "https://u", "title": "t", "start_index": 0, "end_index": 1}
    item = text_item("x")
    item["content"][0]["annotations"] = [citation]

    assert said(answered(RESPONSES, ASK, reply(item)).output) == {
        "role": "assistant",
        "content": "x",
        "annotations": [citation],
    }


def test_a_refusal_is_a_refusal() -> None:
    """It is not taken for text."""
    item = text_item("")
    item["content"] = [{"type": "refusal", "refusal": "No."}]

    assert said(answered(RESPONSES, ASK, reply(item)).output) == {"role": "assistant", "refusal": "No."}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search", "query": "q"}},
            {
                "id": "ws",
                "type": "web_search_call",
                "function": {"name": "web_search", "arguments": '{"type": "search", "query": "q"}'},
            },
        ),
        (
            {"type": "file_search_call", "id": "fs", "queries": ["q"], "results": [{"file_id": "f"}]},
            {
                "id": "fs",
                "type": "file_search_call",
                "function": {"name": "file_search", "arguments": '{"queries": ["q"]}'},
                "result": [{"file_id": "f"}],
            },
        ),
        (
            {
                "type": "code_interpreter_call",
                "id": "ci",
                "code": "1+1",
                "container_id": "cntr",
                "outputs": [{"type": "logs", "logs": "2"}],
            },
            {
                "id": "ci",
                "type": "code_interpreter_call",
                "function": {"name": "code_interpreter", "arguments": '{"code": "1+1"}'},
                "result": [{"type": "logs", "logs": "2"}],
            },
        ),
        (
            {
                "type": "mcp_call",
                "id": "mcp",
                "name": "ask",
                "arguments": '{"q":1}',
                "server_label": "s",
                "output": "ok",
            },
            {
                "id": "mcp",
                "type": "mcp_call",
                "function": {"name": "ask", "arguments": '{"q": 1}'},
                "result": "ok",
                "server": "s",
            },
        ),
        (
            {"type": "image_generation_call", "id": "ig", "result": "AAEC", "output_format": "png"},
            {
                "id": "ig",
                "type": "image_generation_call",
                "function": {"name": "image_generation", "arguments": "{}"},
                "result": {
                    "type": "image",
                    "media_type": "image/png",
                    "digest": "a75c0b0d97360c1ba783496eb6a0395a",
                    "bytes": 3,
                },
            },
        ),
        (
            {"type": "custom_tool_call", "id": "ct", "call_id": "c", "name": "sql", "input": "SELECT 1"},
            {"id": "c", "type": "custom", "function": {"name": "sql", "arguments": "SELECT 1"}},
        ),
    ],
)
def test_built_in_tools_are_tool_calls_with_their_result(item: dict[str, Any], expected: dict[str, Any]) -> None:
    """What the provider executes itself is part of the trajectory, told apart by its type."""
    call = answered(RESPONSES, ASK, reply(item))

    assert said(call.output) == {"role": "assistant", "tool_calls": [expected]}


def test_a_result_of_the_providers_own_search_goes_to_its_call() -> None:
    """Tool search reports in an item of its own; run by the application, it is a tool message."""
    found = {
        "type": "tool_search_output",
        "id": "o",
        "tools": [{"type": "function", "name": "f"}],
        "status": "completed",
    }
    asked = {"type": "tool_search_call", "id": "t", "arguments": {"queries": ["q"]}, "call_id": None}

    by_server = reply({**asked, "execution": "server"}, {**found, "execution": "server", "call_id": None})
    by_client = [{**asked, "call_id": "c", "execution": "client"}, {**found, "call_id": "c", "execution": "client"}]

    assert said(answered(RESPONSES, ASK, by_server).output) == {
        "role": "assistant",
        "tool_calls": [
            {
                "id": "t",
                "type": "tool_search_call",
                "function": {"name": "tool_search", "arguments": '{"queries": ["q"]}'},
                "result": ["f"],
            }
        ],
    }
    assert sent(RESPONSES, {"model": "m", "input": by_client})[1] == {
        "role": "tool",
        "content": '["f"]',
        "tool_call_id": "c",
    }


def test_an_answer_cut_by_a_limit_says_why() -> None:
    """The reason is the finish reason."""
    data = reply(text_item("Hel"), status="incomplete", incomplete_details={"reason": "max_output_tokens"})

    assert answered(RESPONSES, ASK, data).finish_reason == "max_output_tokens"


def test_a_failed_answer_is_an_error() -> None:
    """A response can fail behind HTTP status 200."""
    data = reply(status="failed", error={"code": "server_error", "message": "oops"})

    call = answered(RESPONSES, ASK, data)

    assert (call.status, call.error) == ("error", CallError(type="server_error", message="oops", status=200))
    assert answered(RESPONSES, ASK, reply(status="failed")).status == "error"


def test_a_stream_ends_with_the_whole_response() -> None:
    """The final event has everything, so that a stream and its answer in one piece are equal."""
    whole = reply(text_item("Hello"), usage={"input_tokens": 3, "output_tokens": 2})
    stream = sse(
        {"type": "response.created", "response": {"status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": text_item("") | {"content": []}},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "Hello"},
        {"type": "response.completed", "response": whole},
        named=True,
    )

    assert answered(RESPONSES, ASK, stream) == answered(RESPONSES, ASK, whole)


def test_items_of_a_stream_count_where_the_final_event_has_none() -> None:
    """Some servers send the items once only."""
    stream = sse(
        {"type": "response.output_item.done", "output_index": 1, "item": call_item("f", "c1")},
        {"type": "response.output_item.done", "output_index": 0, "item": text_item("Hello")},
        {"type": "response.completed", "response": reply(usage={"input_tokens": 3, "output_tokens": 2})},
    )

    call = answered(RESPONSES, ASK, stream)

    assert said(call.output) == {"role": "assistant", "content": "Hello", "tool_calls": [function("f", "{}", "c1")]}
    assert (call.status, call.usage) == ("ok", Usage(input_tokens=3, output_tokens=2))


def test_a_stream_that_stops_early_keeps_its_pieces() -> None:
    """Text, reasoning, refusal and arguments so far are there; the status says that the end is not."""
    stream = sse(
        {"type": "response.created", "response": {"model": "gpt-5-x", "status": "in_progress", "output": []}},
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "h"},
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "m"},
        {"type": "response.output_item.added", "output_index": 1, "item": {"type": "message", "role": "assistant"}},
        {"type": "response.output_text.delta", "output_index": 1, "delta": "Hel"},
        {"type": "response.output_item.added", "output_index": 2, "item": call_item("f", "c1", "")},
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '{"a"'},
    )

    call = answered(RESPONSES, ASK, stream)

    assert said(call.output) == {
        "role": "assistant",
        "content": "Hel",
        "tool_calls": [function("f", '{"a"', "c1")],
        "reasoning": "hm",
    }
    assert (call.status, call.finish_reason, call.response_model) == ("abandoned", None, "gpt-5-x")


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "rate_limit", "message": "slow down"},
        {"type": "error", "error": {"type": "rate_limit", "message": "slow down"}},
        {
            "type": "response.failed",
            "response": {"status": "failed", "error": {"code": "rate_limit", "message": "slow down"}},
        },
    ],
)
def test_an_error_event_is_an_error(event: dict[str, Any]) -> None:
    """Errors come flat, nested, or in the response that failed."""
    call = answered(RESPONSES, ASK, sse(event))

    assert (call.status, call.error) == ("error", CallError(type="rate_limit", message="slow down", status=200))
