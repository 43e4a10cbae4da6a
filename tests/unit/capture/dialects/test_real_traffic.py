"""Every recorded interaction with a real provider is understood, fact by fact.

The recordings are not part of the project: they are read from the folder that the environment variable
LLMTRACE_REAL_TRAFFIC names, else from ``../shared/real-traffic`` beside the project; without them the tests skip.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import LLMCall

BESIDE = Path(__file__).parents[4].parent / "shared" / "real-traffic"
FOLDER = Path(os.environ.get("LLMTRACE_REAL_TRAFFIC") or BESIDE)
FILES = sorted(FOLDER.glob("*.jsonl")) if FOLDER.is_dir() else []
NOT_CALLS = ("/realtime/client_secrets",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a raw response says, read as naively as possible."""

    text: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    finish_reason: str | None = None
    tokens: tuple[int, int] | None = None


@pytest.mark.skipif(not FILES, reason="no real traffic: set LLMTRACE_REAL_TRAFFIC to a folder of recordings")
@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_each_interaction_is_understood(file: Path) -> None:
    """Model, messages, text, tool calls, finish reason and usage are what the provider said."""
    table = MessageTable()
    for number, line in enumerate(file.read_text("utf-8").splitlines()):
        raw = json.loads(line)
        if raw["uri"].partition("?")[0].endswith(NOT_CALLS):
            assert call_of(raw, table) is None
            continue
        call = call_of(raw, table)
        assert call is not None, (file.name, number)
        assert_understood(call, raw)


@pytest.mark.skipif(not FILES, reason="no real traffic: set LLMTRACE_REAL_TRAFFIC to a folder of recordings")
@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_nothing_that_was_said_is_lost(file: Path) -> None:
    """Each text of a request, and each of an answer that means something to a reader, stands in the call."""
    table = MessageTable()
    for number, line in enumerate(file.read_text("utf-8").splitlines()):
        raw = json.loads(line)
        call = call_of(raw, table)
        if call is None:
            continue
        asked = {"messages": call.messages, "params": call.params, "tools": call.tools, "model": call.model}
        lost = missing(raw["request"], asked, NOT_KEPT)
        heard = {"output": call.output, "error": call.error.message if call.error else None}
        answer = raw.get("response") or list(events_of(raw["response_text"]))
        if isinstance(answer, dict) and isinstance(answer.get("reasoning"), dict):
            del answer["reasoning"]  # the setting that was asked for
        meant = SAID | {"arguments"} if raw.get("response") else SAID  # arguments are streamed in fragments
        lost += [path for path in missing(answer, heard, NOT_KEPT | ECHOED) if path.rpartition(".")[2] in meant]
        assert lost == [], (file.name, number)


@pytest.mark.skipif(not FILES, reason="no real traffic: set LLMTRACE_REAL_TRAFFIC to a folder of recordings")
@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_parts_of_a_usage_are_what_the_provider_said(file: Path) -> None:
    """Tokens read from a cache and tokens of reasoning, wherever the answer has them."""
    table = MessageTable()
    for number, line in enumerate(file.read_text("utf-8").splitlines()):
        raw = json.loads(line)
        call = call_of(raw, table)
        if call is None or call.usage is None:
            continue
        answer = raw.get("response") or list(events_of(raw["response_text"]))
        said = {kind: max([0, *numbers(answer, names)]) for kind, names in PARTS.items()}
        usage = {"cache_read": call.usage.cache_read_tokens, "reasoning": call.usage.reasoning_tokens}
        assert usage == said, (file.name, number)


NOT_KEPT = frozenset(
    {
        "type",
        "role",
        "id",
        "call_id",
        "item_id",
        "cache_control",
        "signature",
        "thought_signature",
        "thoughtSignature",
        "encrypted_content",
        "status",
        "execution",
        "format",
        "document_url",
        "file_data",
        "data",
        "logprobs",
        "obfuscation",
    }
)
"""Frames, marks, and what only the provider reads. Binary content is kept by digest."""

ECHOED = frozenset({"instructions", "tools", "tool_choice", "usage", "searchEntryPoint", "texts", "error"})
"""What an answer repeats of its question, and what is only there to be shown."""

SAID = frozenset(
    {
        "text",
        "thinking",
        "content",
        "name",
        "output",
        "result",
        "summary",
        "refusal",
        "reasoning",
        "reasoning_content",
        "query",
        "url",
        "title",
        "code",
        "message",
    }
)
"""Fields of an answer that mean something to a reader."""

PARTS = {
    "cache_read": [
        "cached_tokens",
        "cache_read_input_tokens",
        "cachedContentTokenCount",
        "prompt_cache_hit_tokens",
        "num_cached_tokens",
        "cacheReadInputTokens",
        "cacheReadInputTokenCount",
    ],
    "reasoning": ["reasoning_tokens", "thoughtsTokenCount", "thinking_tokens"],
}


def missing(raw: Any, kept: Any, left_out: frozenset[str], path: str = "") -> list[str]:
    """The paths of the texts in raw data that are nowhere in what was kept; JSON in a text is compared as data."""
    known = "\n".join(leaves(json.loads(json.dumps(kept, default=dict))))
    return [place for place, text in texts(raw, left_out, path) if text not in known]


def texts(value: Any, left_out: frozenset[str], path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key not in left_out:
                yield from texts(one, left_out, f"{path}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield from texts(one, left_out, path)
    elif isinstance(value, str):
        yield from ((path, text) for text in (leaves(parsed(value)) if parsed(value) else [value.strip()]))


def leaves(value: Any) -> Iterator[str]:
    """All texts in a value, those in texts that are JSON themselves included."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from leaves(one)
    elif isinstance(value, str):
        yield from leaves(parsed(value))
        yield value.strip()


def parsed(text: str) -> Any:
    """What a text is as JSON, if it is an object or an array; else `None`."""
    with contextlib.suppress(ValueError):
        return json.loads(text) if text[:1] in ("{", "[") else None
    return None


def numbers(value: Any, names: list[str]) -> Iterator[int]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key in names and isinstance(one, int):
                yield one
            yield from numbers(one, names)
    elif isinstance(value, list):
        for one in value:
            yield from numbers(one, names)


def call_of(raw: dict[str, Any], table: MessageTable) -> LLMCall | None:
    request = HttpRequest(method=raw["method"], url=raw["uri"], body=json.dumps(raw["request"]).encode())
    call = parse_request(request, table)
    streamed = raw.get("response_text")
    body = streamed if streamed is not None else json.dumps(raw["response"])
    headers = (("content-type", raw["content_type"] or ""),)
    return call and parse_response(call, HttpResponse(status=raw["status"], headers=headers, body=body.encode()), table)


def assert_understood(call: LLMCall, raw: dict[str, Any]) -> None:
    body = raw["request"]
    where = raw["uri"]
    assert call.model == body.get("model", call.model) != "", where
    assert len(call.tools) == len(offered(body)), where
    asked = body.get("messages") or body.get("contents") or body.get("input") or body.get("texts")
    assert call.messages or not asked, where
    for message in call.messages:
        assert message["role"] in ("system", "developer", "user", "assistant", "tool"), where
    if raw["status"] >= 400:
        assert call.error is not None
        assert call.error.message in json.dumps(raw["response"]), where
        return
    facts = facts_of(call.operation, raw)
    assert call.output is not None, where
    if call.operation != "embeddings":
        assert call.output.text == facts.text, where
        assert requested(call) == facts.calls, where
    if call.error is None:
        assert call.status == "ok", where
        assert call.finish_reason == facts.finish_reason, where
    tokens = (call.usage.input_tokens, call.usage.output_tokens) if call.usage else None
    assert tokens == facts.tokens, where


def requested(call: LLMCall) -> tuple[tuple[str, Any], ...]:
    """Names and arguments of the function calls in the output."""
    calls = (call.output or {}).get("tool_calls") or []
    return tuple(
        (one["function"]["name"], json.loads(one["function"]["arguments"]))
        for one in calls
        if one["type"] == "function"
    )


def offered(body: dict[str, Any]) -> list[Any]:
    """Tools as the raw request counts them."""
    tools = body.get("tools") or body.get("toolConfig", {}).get("tools") or []
    return [one for tool in tools for one in tool.get("functionDeclarations", [tool])]


def facts_of(operation: str, raw: dict[str, Any]) -> Facts:
    data = raw.get("response")
    events = list(events_of(raw["response_text"])) if data is None else []
    read = {
        "chat": chat,
        "messages": messages,
        "responses": responses,
        "generate_content": gemini,
        "converse": converse,
        "cohere_chat": cohere,
        "embeddings": embeddings,
    }[operation]
    return read(data, events)


def events_of(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if line.startswith("data:") and line[5:].strip() != "[DONE]":
            yield json.loads(line[5:])


def chat(data: dict[str, Any] | None, events: list[dict[str, Any]]) -> Facts:
    parts = [data] if data else events
    usages = [one.get("usage") or one.get("x_groq", {}).get("usage") for one in parts]
    usage = next((one for one in reversed(usages) if one), None)
    text, reason, calls = "", None, {}
    for choice in (choice for one in parts for choice in one.get("choices", [])):
        delta = choice.get("message") or choice.get("delta") or {}
        text += delta.get("content") or ""
        reason = choice.get("finish_reason") or reason
        for position, call in enumerate(delta.get("tool_calls") or []):
            made = calls.setdefault(call.get("index", position), ["", ""])
            made[0] += call["function"].get("name") or ""
            made[1] += call["function"].get("arguments") or ""
    return Facts(
        text=text,
        calls=tuple((name, json.loads(arguments or "{}")) for name, arguments in calls.values()),
        finish_reason=reason,
        tokens=(usage["prompt_tokens"], usage["completion_tokens"]) if usage else None,
    )


def messages(data: dict[str, Any] | None, events: list[dict[str, Any]]) -> Facts:
    if data is not None:
        content, usage, reason = data["content"], data["usage"], data["stop_reason"]
    else:
        content, usage, reason = [], {}, None
        for event in events:
            if event["type"] == "message_start":
                usage = event["message"]["usage"]
            elif event["type"] == "content_block_start":
                content.append({**event["content_block"], "json": ""})
            elif event["type"] == "content_block_delta":
                content[event["index"]]["json"] += event["delta"].get("partial_json", "")
                if event["delta"]["type"] == "text_delta":
                    content[event["index"]]["text"] += event["delta"]["text"]
            elif event["type"] == "message_delta":
                usage, reason = usage | event["usage"], event["delta"]["stop_reason"]
    sent = sum(usage.get(name) or 0 for name in INPUT_COUNTS)
    return Facts(
        text="".join(block["text"] for block in content if block["type"] == "text"),
        calls=tuple(
            (block["name"], json.loads(block["json"]) if block.get("json") else block["input"])
            for block in content
            if block["type"] == "tool_use"
        ),
        finish_reason=reason,
        tokens=(sent, usage["output_tokens"]),
    )


INPUT_COUNTS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def responses(data: dict[str, Any] | None, events: list[dict[str, Any]]) -> Facts:
    data = data or next(one["response"] for one in reversed(events) if "response" in one)
    items = data["output"] or [one["item"] for one in events if one["type"] == "response.output_item.done"]
    return Facts(
        text="".join(part["text"] for item in items if item["type"] == "message" for part in item["content"]),
        calls=tuple((item["name"], json.loads(item["arguments"])) for item in items if item["type"] == "function_call"),
        finish_reason=data["status"],
        tokens=(data["usage"]["input_tokens"], data["usage"]["output_tokens"]),
    )


def gemini(data: dict[str, Any] | None, events: list[dict[str, Any]]) -> Facts:
    events = events or [data or {}]
    candidates = [event["candidates"][0] for event in events if event.get("candidates")]
    parts = [part for one in candidates for part in one.get("content", {}).get("parts", [])]
    usage = events[-1]["usageMetadata"]
    return Facts(
        text="".join(part.get("text", "") for part in parts if not part.get("thought")),
        calls=tuple(
            (one["functionCall"]["name"], one["functionCall"]["args"]) for one in parts if "functionCall" in one
        ),
        finish_reason=next((one["finishReason"] for one in reversed(candidates) if "finishReason" in one), None),
        tokens=(
            usage["promptTokenCount"] + usage.get("toolUsePromptTokenCount", 0),
            usage.get("candidatesTokenCount", 0) + usage.get("thoughtsTokenCount", 0),
        ),
    )


def converse(data: dict[str, Any], _: list[dict[str, Any]]) -> Facts:
    content, usage = data["output"]["message"]["content"], data["usage"]
    cached = usage.get("cacheReadInputTokens", 0) + usage.get("cacheWriteInputTokens", 0)
    return Facts(
        text="".join(block.get("text", "") for block in content),
        calls=tuple((one["toolUse"]["name"], one["toolUse"]["input"]) for one in content if "toolUse" in one),
        finish_reason=data["stopReason"],
        tokens=(usage["inputTokens"] + cached, usage["outputTokens"]),
    )


def cohere(data: dict[str, Any], _: list[dict[str, Any]]) -> Facts:
    message, tokens = data["message"], data["usage"]["tokens"]
    return Facts(
        text="".join(part["text"] for part in message.get("content", [])),
        calls=tuple(
            (one["function"]["name"], json.loads(one["function"]["arguments"])) for one in message.get("tool_calls", [])
        ),
        finish_reason=data["finish_reason"],
        tokens=(tokens["input_tokens"], tokens["output_tokens"]),
    )


def embeddings(data: dict[str, Any], _: list[dict[str, Any]]) -> Facts:
    billed = data.get("meta", {}).get("billed_units", {}).get("input_tokens", 0)
    return Facts(tokens=(data.get("usage", {}).get("prompt_tokens") or int(billed), 0))
