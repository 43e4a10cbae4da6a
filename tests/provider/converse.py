"""Bedrock's Converse and ConverseStream (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.provider.answer import Answer, ToolRequest, Usage, arguments_of, pieces
from tests.provider.aws_events import AwsEvent
from tests.provider.question import Question, Said, role_of, text_of


def read(body: Mapping[str, Any]) -> Iterator[Said]:
    """The system prompt and the messages; a tool result is a message of its own."""
    if system := text_of(body.get("system")):
        yield Said(role="system", text=system)
    for message in body.get("messages") or ():
        blocks = message.get("content") or []
        for block in blocks:
            if "toolResult" in block:
                yield Said(role="tool", text=_result(block["toolResult"].get("content") or []))
        requested = [json.dumps(block["toolUse"].get("input")) for block in blocks if "toolUse" in block]
        if text := "\n".join([text_of(blocks), *requested]).strip():
            yield Said(role=role_of(message.get("role")), text=text)


def whole(_question: Question, answer: Answer) -> dict[str, Any]:
    """The answer as one object."""
    content: list[dict[str, Any]] = [{"text": answer.text}] if answer.text else []
    content += [{"toolUse": {**_tool_head(call), "input": arguments_of(call)}} for call in answer.tool_calls]
    made = {
        "metrics": {"latencyMs": 1},
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": _stop_reason(answer),
    }
    return made if answer.usage is None else {**made, "usage": _usage(answer.usage)}


def events(_question: Question, answer: Answer) -> Iterator[AwsEvent]:
    """The answer as a stream."""
    yield AwsEvent(kind="messageStart", data={"role": "assistant"})
    if answer.text:
        for piece in pieces(answer.text):
            yield _delta(0, {"text": piece})
        yield AwsEvent(kind="contentBlockStop", data={"contentBlockIndex": 0})
    for index, call in enumerate(answer.tool_calls, start=bool(answer.text)):
        start = {"contentBlockIndex": index, "start": {"toolUse": _tool_head(call)}}
        yield AwsEvent(kind="contentBlockStart", data=start)
        for piece in pieces(call.arguments):
            yield _delta(index, {"toolUse": {"input": piece}})
        yield AwsEvent(kind="contentBlockStop", data={"contentBlockIndex": index})
    yield AwsEvent(kind="messageStop", data={"stopReason": _stop_reason(answer)})
    if answer.usage is not None:
        yield AwsEvent(kind="metadata", data={"usage": _usage(answer.usage), "metrics": {"latencyMs": 1}})


def error(status: int, message: str) -> dict[str, Any]:
    """An error body; the kind of error goes into it here, where AWS has a header."""
    kind = _ERRORS.get(status, "InternalServerException" if status >= 500 else "ValidationException")
    return {"__type": kind, "message": message}


def _result(blocks: list[dict[str, Any]]) -> str:
    texts = (json.dumps(block["json"], ensure_ascii=False) if "json" in block else text_of([block]) for block in blocks)
    return "\n".join(texts)


def _delta(index: int, delta: dict[str, Any]) -> AwsEvent:
    return AwsEvent(kind="contentBlockDelta", data={"contentBlockIndex": index, "delta": delta})


def _tool_head(call: ToolRequest) -> dict[str, str]:
    return {"name": call.name, "toolUseId": f"tooluse_{call.id}"}


def _stop_reason(answer: Answer) -> str:
    return _STOP_REASONS.get(answer.finish, answer.finish)


def _usage(usage: Usage) -> dict[str, int]:
    """Here the input is only what neither came from the cache nor went into it."""
    return {
        "inputTokens": usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens,
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.input_tokens + usage.output_tokens,
        "cacheReadInputTokens": usage.cache_read_tokens,
        "cacheWriteInputTokens": usage.cache_write_tokens,
    }


_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "guardrail_intervened",
}

_ERRORS = {
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}
