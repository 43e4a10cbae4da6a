"""Google's Interactions API."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.conftest import Observed
from tests.unit.capture.dialects.dialect_wire import answered, ask, function, request, response, said, sent, sse

URL = "https://generativelanguage.googleapis.com/v1beta/interactions"
ASK: dict[str, Any] = {"model": "gemini-x", "input": "hi"}
PICTURE = {"type": "image", "media_type": "image/png", "digest": "a75c0b0d97360c1ba783496eb6a0395a", "bytes": 3}
USAGE = {"total_input_tokens": 5, "total_output_tokens": 3, "total_thought_tokens": 2, "total_tokens": 10}


def output(text: str, **others: Any) -> dict[str, Any]:
    return {"type": "model_output", "content": [{"type": "text", "text": text, **others}]}


@pytest.mark.parametrize(
    "given",
    [
        "hi",
        {"type": "text", "text": "hi"},
        [{"type": "text", "text": "hi"}],
        [{"role": "user", "content": "hi"}],
        [{"type": "user_input", "content": [{"type": "text", "text": "hi"}]}],
    ],
)
def test_every_form_of_input_is_a_user_message(given: Any) -> None:
    """A text, contents, turns, or steps."""
    assert sent(URL, {**ASK, "input": given}) == [{"role": "user", "content": "hi"}]


def test_steps_of_the_model_are_one_message_and_results_are_the_tools() -> None:
    """System instruction first; pictures by digest."""
    steps = [
        {"type": "user_input", "content": [{"type": "image", "data": "AAEC", "mime_type": "image/png"}]},
        {"type": "thought", "summary": [{"type": "text", "text": "hm"}], "signature": "zz"},
        {"type": "function_call", "id": "c1", "name": "f", "arguments": {"a": 1}},
        {"type": "function_result", "call_id": "c1", "name": "f", "result": {"b": 2}, "is_error": True},
    ]
    tools = [{"type": "function", "name": "f", "parameters": {"type": "object"}}, {"type": "google_search"}]
    body = {**ASK, "input": steps, "system_instruction": "Be brief.", "tools": tools, "generation_config": {"seed": 1}}

    call = ask(URL, body)

    assert [dict(message) for message in call.messages] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [PICTURE]},
        {"role": "assistant", "tool_calls": [function("f", '{"a": 1}', "c1")], "reasoning": "hm"},
        {"role": "tool", "content": '{"b": 2}', "name": "f", "tool_call_id": "c1", "is_error": True},
    ]
    assert (call.model, call.params) == ("gemini-x", {"generation_config": {"seed": 1}})
    assert call.tools == ({"name": "f", "parameters": {"type": "object"}}, {"type": "google_search"})


def test_an_answer_has_what_google_ran_with_its_result() -> None:
    """Text, citations, thoughts, calls, and usage with thoughts in the output."""
    steps = [
        {"type": "thought", "summary": [{"type": "text", "text": "hm"}]},
        {"type": "google_search_call", "id": "s1", "arguments": {"queries": ["ducks"]}},
        {"type": "google_search_result", "call_id": "s1", "result": [{"title": "Ducks"}]},
        {"type": "mcp_server_tool_call", "id": "m1", "name": "ask", "server_name": "wiki", "arguments": {}},
        output("They swim.", annotations=[{"type": "url_citation", "url": "https://x"}]),
    ]

    call = answered(URL, ASK, {"id": "i1", "status": "completed", "steps": steps, "usage": USAGE, "model": "gemini-x"})

    searched = function(
        "google_search", '{"queries": ["ducks"]}', "s1", type="google_search_call", result=[{"title": "Ducks"}]
    )
    assert said(call.output) == {
        "role": "assistant",
        "content": "They swim.",
        "tool_calls": [searched, function("ask", "{}", "m1", type="mcp_server_tool_call", server="wiki")],
        "reasoning": "hm",
        "annotations": [{"type": "url_citation", "url": "https://x"}],
    }
    assert (call.finish_reason, call.status) == ("completed", "ok")
    assert call.usage == Usage(input_tokens=5, output_tokens=5, reasoning_tokens=2)


def test_a_stream_is_put_together() -> None:
    """From starts and deltas, where the end does not repeat the steps; cut off, it is abandoned."""
    events = [
        {"event_type": "interaction.created", "interaction": {"id": "i1", "status": "in_progress"}},
        {"event_type": "step.start", "index": 0, "step": {"type": "thought"}},
        {"event_type": "step.delta", "index": 0, "delta": {"type": "thought_summary", "content": {"text": "hm"}}},
        {"event_type": "step.start", "index": 1, "step": {"type": "model_output"}},
        {"event_type": "step.delta", "index": 1, "delta": {"type": "text", "text": "They "}},
        {"event_type": "step.delta", "index": 1, "delta": {"type": "text", "text": "swim."}},
        {"event_type": "step.delta", "index": 1, "delta": {"type": "image", "data": "AAEC", "mime_type": "image/png"}},
        {"event_type": "step.start", "index": 2, "step": {"type": "function_call", "id": "c1", "name": "f"}},
        {"event_type": "step.delta", "index": 2, "delta": {"type": "arguments_delta", "arguments": '{"a"'}},
        {"event_type": "step.delta", "index": 2, "delta": {"type": "arguments_delta", "arguments": ": 1}"}},
        {
            "event_type": "interaction.completed",
            "interaction": {"id": "i1", "status": "requires_action", "usage": USAGE},
        },
    ]

    whole = answered(URL, {**ASK, "stream": True}, sse(*events))
    cut = answered(URL, {**ASK, "stream": True}, sse(*events[:-1]))

    assert (
        said(whole.output)
        == said(cut.output)
        == {
            "role": "assistant",
            "content": [{"type": "text", "text": "They swim."}, PICTURE],
            "tool_calls": [function("f", '{"a": 1}', "c1")],
            "reasoning": "hm",
        }
    )
    assert (whole.status, whole.finish_reason) == ("ok", "requires_action")
    assert (cut.status, cut.finish_reason) == ("abandoned", None)


def test_a_failure_is_an_error() -> None:
    """With what Google says about it."""
    failed = {"status": "failed", "errors": [{"code": "internal", "message": "no"}]}

    assert answered(URL, ASK, failed).error == CallError(type="internal", message="no", status=200)
    assert answered(URL, ASK, {"status": "failed"}).error == CallError(type="failed", message="", status=200)


def test_an_interaction_that_names_an_earlier_one_continues_it(observed: Observed) -> None:
    """What was answered in the background meanwhile included."""
    first = request(URL, {**ASK, "background": True})
    observed.recorder.answered(observed.recorder.open(first, None), response({"id": "i1", "status": "in_progress"}))
    fetch = request(f"{URL}/i1", {}, method="GET")
    done = {"id": "i1", "status": "completed", "steps": [output("Hello")]}
    observed.recorder.answered(observed.recorder.open(fetch, None), response(done))
    second = request(URL, {**ASK, "input": "And?", "previous_interaction_id": "i1"})
    observed.recorder.answered(observed.recorder.open(second, None), response({"id": "i2", "status": "completed"}))

    assert [[message.text for message in call.messages] for call in observed.calls] == [
        ["hi"],
        ["hi", "Hello", "And?"],
    ]
