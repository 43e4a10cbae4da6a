"""Cohere's chat, version 1: one message beside the history; also how Command R speaks on Bedrock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, first, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import plain
from pytest_llmtrace._capture.dialects.tokens import usage
from pytest_llmtrace._capture.dialects.tooling import argument_text, tool_call, tool_schemas
from pytest_llmtrace._model.usage import Usage


class CohereChatV1:
    """https://docs.cohere.com/v1/reference/chat."""

    operation = "cohere_v1_chat"
    provider = "cohere"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return _PATH.search(path) is not None and isinstance(body.get("message"), str)

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        found = _PATH.search(path)
        system = [{"role": "SYSTEM", "message": body["preamble"]}] if body.get("preamble") else []
        results = [{"role": "TOOL", "tool_results": body["tool_results"]}] if body.get("tool_results") else []
        asked = [{"role": "USER", "message": body["message"]}] if body["message"] or not results else []
        raw = [*system, *listed(body.get("chat_history")), *asked, *results]
        return Question(
            model=text(body.get("model")) or unquote((found and found.group(1)) or ""),
            messages=interner.messages(self.operation, raw, _messages),
            params={name: plain(one) for name, one in body.items() if name not in _NOT_PARAMS and one is not None},
            tools=interner.tools(body.get("tools"), tool_schemas),
            streamed=body.get("stream") is True or path.endswith("-stream"),
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        return Answer(
            output=_said(data) if "text" in data or "tool_calls" in data else None,
            finish_reason=text(data.get("finish_reason")) or None,
            usage=_usage(data),
            error=stated_error(data),
        )

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        end = next((event for event in reversed(events) if event.get("is_finished") is True), None)
        whole = mapping((end or {}).get("response"))
        said = "".join(text(event.get("text")) for event in events if text(event.get("event_type")) in _TEXT_EVENTS)
        calls = [call for event in events for call in mappings(event.get("tool_calls"))]
        made = self.answer(whole or {"text": said, "tool_calls": calls})
        return Answer(
            output=made.output if events else None,
            finish_reason=text((end or {}).get("finish_reason")) or made.finish_reason,
            usage=made.usage or _usage(end or {}),
            error=next((error for event in events if (error := stated_error(event))), None),
            complete=done or end is not None,
        )


def _messages(raw: object) -> Iterator[dict[str, Any]]:
    if not isinstance(raw, dict):
        return
    role = _ROLES.get(text(raw.get("role")).upper(), "user")
    for result in mappings(raw.get("tool_results")):
        outputs = listed(result.get("outputs"))
        name = mapping(result.get("call")).get("name")
        yield {"role": "tool", "name": name, "content": argument_text(plain(outputs))}
    if role != "tool":
        yield {**_said({**raw, "text": first(raw, "message", "text")}), "role": role}


def _said(data: Mapping[str, Any]) -> dict[str, Any]:
    calls = [tool_call(one.get("name"), one.get("parameters")) for one in mappings(data.get("tool_calls"))]
    return {
        "role": "assistant",
        "content": text(data.get("text")),
        "tool_calls": calls,
        "annotations": plain(listed(data.get("citations"))),
    }


def _usage(data: Mapping[str, Any]) -> Usage | None:
    meta = mapping(data.get("meta"))
    counted = mapping(meta.get("tokens")) or mapping(meta.get("billed_units"))
    metrics = mapping(data.get("amazon-bedrock-invocationMetrics"))
    return usage(
        input_tokens=count(counted.get("input_tokens")) or count(metrics.get("inputTokenCount")),
        output_tokens=count(counted.get("output_tokens")) or count(metrics.get("outputTokenCount")),
    )


_PATH: Final = re.compile(r"/v1/chat$|/model/([^/]+)/invoke(?:-with-response-stream)?$")
_ROLES: Final = {"CHATBOT": "assistant", "ASSISTANT": "assistant", "SYSTEM": "system", "TOOL": "tool"}
_TEXT_EVENTS: Final = frozenset({"text-generation", None})
_NOT_PARAMS: Final = frozenset({"model", "message", "chat_history", "preamble", "tools", "tool_results", "stream"})
