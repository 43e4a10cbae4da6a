"""Conversations as training examples: one per conversation, in OpenAI's form, and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._model.trace import CallError, LLMCall, Trace
from pytest_llmtrace._report.fine_tuning import EMPTY, FAILED, PARTS, REFUSED, UNTRAINABLE, Example, Skipped, examples
from tests.unit.report.builders import TEST, asked_for, call, chat, said

SCHEMA = {"name": "refund", "description": "Refunds.", "parameters": {"type": "object", "properties": {}}}
SEARCH = {"type": "openrouter:web_search", "parameters": {"max_uses": 1}}


def lines(*calls: LLMCall, **options: Any) -> list[Any]:
    """The examples of a trace of these calls; of what was skipped, why."""
    found = examples(Trace(owner=TEST, entries=calls), **options)
    return [one.reason if isinstance(one, Skipped) else one.data for one in found]


def test_a_conversation_is_one_example_with_its_tools():
    """Calls, tool calls and results are one line: the last history, its answer, and the tools as OpenAI has them."""
    asked = [said("developer", "Be kind."), said("user", "Refund 1", name="ann")]
    wants, result = asked_for("refund", '{"order": 1}'), said("tool", "done", tool_call_id="call_1")
    options: dict[str, Any] = {"tools": (SCHEMA, SEARCH), "params": {"parallel_tool_calls": False}}
    made = [call(asked, wants, **options), call([*asked, wants, result], said("assistant", "Done."), **options)]

    (example,) = examples(Trace(owner=TEST, entries=tuple(made)))

    request = {"id": "call_1", "type": "function", "function": {"name": "refund", "arguments": '{"order": 1}'}}
    assert example == Example(
        data={
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Refund 1", "name": "ann"},
                {"role": "assistant", "content": None, "tool_calls": [request]},
                {"role": "tool", "content": "done", "tool_call_id": "call_1"},
                {"role": "assistant", "content": "Done."},
            ],
            "tools": [{"type": "function", "function": SCHEMA}],
            "parallel_tool_calls": False,
        },
        left_out=1,
    )


def test_per_turn_every_call_is_an_example():
    """A chat of three turns is one line of seven messages, or three lines."""
    assert [len(one["messages"]) for one in lines(*chat(3))] == [7]
    assert [len(one["messages"]) for one in lines(*chat(3), per_turn=True)] == [3, 5, 7]


def test_a_history_that_was_rewritten_is_a_stretch_of_its_own():
    """What was said before a summary is in no later history, so it is a line, too."""
    before = chat(2, agent="a")
    summary = [said("system", "You are a refund agent."), said("user", "So far: a refund."), said("user", "And now?")]
    after = call(summary, said("assistant", "Fine."), agent="a", session="a")

    assert [one["messages"][-1]["content"] for one in lines(*before, after)] == ["Answer 2", "Fine."]


def test_a_failed_last_call_leaves_the_one_before():
    """Its answer never came, so the history up to the answer before it is the example."""
    first, second = chat(2)
    failed = call(
        second.messages, None, status="error", error=CallError(type="e", message="m"), agent="lead", session="lead"
    )

    assert [one if isinstance(one, str) else len(one["messages"]) for one in lines(first, failed)] == [FAILED, 3]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (call([said("user", "x")], operation="embeddings"), UNTRAINABLE),
        (call([said("user", "x")], said("assistant", "y"), status="abandoned"), FAILED),
        (call([said("user", "x")], said("assistant", refusal="No.")), REFUSED),
        (call([said("user", "x")], said("assistant")), EMPTY),
        (call([said("user", [{"type": "image", "digest": "1", "bytes": 2}])], said("assistant", "y")), PARTS),
        (call([said("user", [{"type": "audio", "url": "http://x"}])], said("assistant", "y")), PARTS),
    ],
)
def test_what_is_no_example_says_why(one, reason):
    """Nothing disappears without a word."""
    assert lines(one) == [reason]


def test_parts_in_the_form_of_the_api():
    """Texts in parts stay parts, and an image that is at an address is one."""
    content = [{"type": "text", "text": "See"}, {"type": "image", "url": "http://x/y.png"}]
    (made,) = lines(call([said("user", content)], said("assistant", "A cat.")))

    assert made["messages"][0]["content"] == [
        {"type": "text", "text": "See"},
        {"type": "image_url", "image_url": {"url": "http://x/y.png"}},
    ]


def test_tool_calls_without_ids_get_some():
    """Gemini and Ollama have none; the format wants one, at the call and at its result, found by name."""
    requests = [{"type": "function", "function": {"name": name, "arguments": "{}"}} for name in ("a", "b")]
    history = [
        said("user", "x"),
        said("assistant", tool_calls=requests),
        said("tool", "2", name="b"),
        said("tool", "1"),
    ]
    (made,) = lines(call(history, said("assistant", "y")))

    assert [one["id"] for one in made["messages"][1]["tool_calls"]] == ["call_1", "call_2"]
    assert [one["tool_call_id"] for one in made["messages"][2:4]] == ["call_2", "call_1"]
