"""Tests of which requests are the same: all that is asked counts, however it is spelled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmtrace._model.http import HttpRequest
from pytest_llmtrace._run.judging.same_request import meaning

OPENAI, RESPONSES = "https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1/responses"
ANTHROPIC = "https://api.anthropic.com/v1/messages"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3:generateContent"
CONVERSE = "https://bedrock-runtime.us-east-1.amazonaws.com/model/nova/converse"


def means(url: str, body: dict[str, Any]) -> str | None:
    return meaning(HttpRequest(method="POST", url=url, headers=(), body=json.dumps(body).encode()))


def user(content: Any, **others: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": content}], **others}


def document(**others: Any) -> dict[str, Any]:
    return user([{"type": "document", "source": {"type": "text", "data": "A"}, **others}])


def function(**others: Any) -> dict[str, Any]:
    return {"model": "m", "input": "hi", "tools": [{"type": "function", "name": "f", **others}]}


def gemini(**others: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"fileData": {"fileUri": "https://f/a.mp4"}, **others}]}]}


def responded(**others: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}, **others}}]}]}


def found_tools(description: str, execution: str = "client") -> dict[str, Any]:
    tools = [{"type": "function", "name": "f", "description": description, "defer_loading": True}]
    item = {"type": "tool_search_output", "call_id": "c", "execution": execution, "tools": tools}
    return {"model": "m", "input": [item]}


def message(**others: Any) -> dict[str, Any]:
    said = [{"type": "output_text", "text": "a"}]
    return {"model": "m", "input": [{"type": "message", "role": "assistant", "content": said, **others}]}


ASKS_OTHERWISE = {
    "a field of a part that no dialect knows": (OPENAI, user([{"type": "text", "text": "a"}]), user([
        {"type": "text", "text": "a", "new_setting": 1}])),
    "a field beside a function": (OPENAI, user("a", tools=[{"type": "function", "function": {"name": "f"}}]), user(
        "a", tools=[{"type": "function", "function": {"name": "f"}, "new_setting": "x"}])),
    "usage in a stream": (OPENAI, user("a", stream=True), user("a", stream=True, stream_options={
        "include_usage": True})),
    "citations of a document": (ANTHROPIC, document(), document(citations={"enabled": True})),
    "frames of a video": (GEMINI, gemini(videoMetadata={"fps": 1}), gemini(videoMetadata={"fps": 2})),
    "when a result is told": (GEMINI, responded(), responded(scheduling="SILENT")),
    "citations at Bedrock": (CONVERSE, {"messages": [{"role": "user", "content": [{"document": {"name": "n"}}]}]}, {
        "messages": [{"role": "user", "content": [{"document": {"name": "n", "citations": {"enabled": True}}}]}]}),
    "a function that need not be strict": (RESPONSES, function(), function(strict=False)),
    "the phase of a message": (RESPONSES, message(phase="commentary"), message(phase="final_answer")),
    "a reference": (RESPONSES, {"model": "m", "input": [{"type": "item_reference", "id": "msg_1"}]}, {
        "model": "m", "input": [{"type": "item_reference", "id": "msg_2"}]}),
    "a tool that the application found": (RESPONSES, found_tools("reads"), found_tools("deletes")),
    "a parameter": (OPENAI, user("a", store=False), user("a", store=True)),
    "who asks": (OPENAI, user("a", user="one"), user("a", user="two")),
    "safety": (GEMINI, gemini(), {**gemini(), "safetySettings": [{"category": "c", "threshold": "OFF"}]}),
    "a breakpoint of the cache": (ANTHROPIC, user([{"type": "text", "text": "a"}]), user([
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}])),
}  # fmt: skip

ASKS_THE_SAME = {
    "a text as parts": (OPENAI, user("a"), user([{"type": "text", "text": "a"}])),
    "nulls": (OPENAI, user("a"), user([{"type": "text", "text": "a", "annotations": None}], temperature=None)),
    "a whole number as a float": (OPENAI, user("a", temperature=1), user("a", temperature=1.0)),
    "a default": (ANTHROPIC, document(), document(citations={"enabled": False})),
    "a signature": (GEMINI, gemini(thoughtSignature="A"), gemini(thoughtSignature="B")),
    "ids of a run": (RESPONSES, message(id="msg_1", status="completed"), message(id="msg_2")),
    "noise against eavesdroppers": (RESPONSES, {"model": "m", "input": "a", "stream": True}, {
        "model": "m", "input": "a", "stream": True, "stream_options": {"include_obfuscation": False}}),
    "a function in either spelling": (OPENAI, user("a", tools=[{"type": "function", "function": {"name": "f"}}]), user(
        "a", tools=[{"type": "function", "function": {"name": "f", "strict": False}}])),
}  # fmt: skip


@pytest.mark.parametrize("case", ASKS_OTHERWISE)
def test_what_changes_the_answer_is_another_request(case):
    """Nothing that is asked may change unseen, whether a dialect knows it or not."""
    url, one, other = ASKS_OTHERWISE[case]
    assert means(url, one) is not None
    assert means(url, one) != means(url, other)


@pytest.mark.parametrize("case", ASKS_THE_SAME)
def test_what_is_only_spelled_differently_is_the_same(case):
    """Two spellings of one question mean the same."""
    url, one, other = ASKS_THE_SAME[case]
    assert means(url, one) is not None
    assert means(url, one) == means(url, other)
