"""Anthropic's Messages API: at Anthropic, on Vertex AI, through Bedrock's invoke, and wherever else it is spoken."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from pytest_llmtrace._capture.dialects.anthropic_blocks import assistant_message, block_messages
from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.tokens import anthropic_usage
from pytest_llmtrace._capture.dialects.tooling import tool_schemas
from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._model.trace import CallError


class AnthropicMessages:
    """https://docs.anthropic.com/en/api/messages."""

    operation = "messages"
    provider = "anthropic"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        if not isinstance(body.get("messages"), list):
            return False
        return path.endswith("/messages") or ("anthropic_version" in body and _CLOUD.search(path) is not None)

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        system = [{"role": "system", "content": body["system"]}] if body.get("system") else []
        cloud = _CLOUD.search(path)
        return Question(
            model=text(body.get("model")) or (unquote(cloud.group(1) or cloud.group(2)) if cloud else ""),
            messages=interner.messages(self.operation, [*system, *body["messages"]], block_messages),
            params=_params(body),
            tools=interner.tools(body.get("tools"), tool_schemas),
            streamed=body.get("stream") is True or path.endswith(("streamRawPredict", "-response-stream")),
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        blocks = listed(data.get("content"))
        return Answer(
            output=_output(blocks, data.get("stop_details")) if "content" in data else None,
            finish_reason=text(data.get("stop_reason")) or None,
            usage=anthropic_usage(data.get("usage")),
            model=text(data.get("model")) or None,
            error=stated_error(data),
        )

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        blocks = _Blocks()
        start: Mapping[str, Any] = {}
        usage: dict[str, Any] = {}
        details: object = None
        reason: str | None = None
        error: CallError | None = None
        for event in events:
            kind = event.get("type")
            if kind == "message_start":
                start = mapping(event.get("message"))
                usage |= _known(start.get("usage"))
            elif kind == "message_delta":
                delta = mapping(event.get("delta"))
                reason = text(delta.get("stop_reason")) or reason
                details = delta.get("stop_details") or details
                usage |= _known(event.get("usage"))
            elif kind == "message_stop":
                done = True
            elif event.get("error"):
                error = error or stated_error(event)
            else:
                blocks.add(text(kind), event)
        content = blocks.so_far()
        return Answer(
            output=_output(content, details) if content or reason else None,
            finish_reason=reason,
            usage=anthropic_usage(usage),
            model=text(start.get("model")) or None,
            error=error,
            complete=done or reason is not None,
        )


class _Blocks:
    """The content blocks of a stream, put together from their deltas."""

    def __init__(self) -> None:
        self._blocks: dict[int, dict[str, Any]] = {}
        self._pieces: dict[int, dict[str, list[str]]] = {}

    def add(self, kind: str, event: Mapping[str, Any]) -> None:
        index = count(event.get("index"))
        if kind == "content_block_start":
            self._blocks[index] = dict(mapping(event.get("content_block")))
        elif kind == "content_block_delta":
            block = self._blocks.setdefault(index, {})
            delta = mapping(event.get("delta"))
            shape, name = _DELTAS.get(text(delta.get("type")), ("", ""))
            if name:
                block.setdefault("type", shape)
                self._pieces.setdefault(index, {}).setdefault(name, []).append(text(delta.get(name)))
            elif isinstance(delta.get("citation"), dict):
                block["citations"] = [*listed(block.get("citations")), delta["citation"]]

    def so_far(self) -> list[dict[str, Any]]:
        made = []
        for index in sorted(self._blocks):
            block = self._blocks[index]
            for name, pieces in self._pieces.get(index, {}).items():
                said = "".join(pieces)
                if name == "partial_json":
                    parsed = parse_json(said)
                    block = {**block, "input": said if said and parsed is None else parsed}
                else:
                    block = {**block, name: text(block.get(name)) + said}
            made.append(block)
        return made


def _output(blocks: Sequence[object], stop_details: object) -> dict[str, Any]:
    """What the model said; where a classifier stopped it, that one's explanation is the refusal."""
    made = assistant_message(blocks)
    return {**made, "refusal": made["refusal"] or text(mapping(stop_details).get("explanation")) or None}


def _params(body: Mapping[str, Any]) -> dict[str, Any]:
    params = {name: value for name, value in body.items() if name not in _NOT_PARAMS and value is not None}
    if isinstance(params.get("mcp_servers"), list):
        params["mcp_servers"] = [
            {name: value for name, value in server.items() if name != "authorization_token"}
            for server in mappings(params["mcp_servers"])
        ]
    return params


def _known(usage: object) -> dict[str, Any]:
    """The counts of a stream add up to the last one said, but a null says nothing."""
    return {name: value for name, value in mapping(usage).items() if value is not None}


_CLOUD: Final = re.compile(r"/models/([^/:]+):(?:streamR|r)awPredict$|/model/([^/]+)/invoke(?:-with-response-stream)?$")
_NOT_PARAMS: Final = frozenset({"model", "messages", "system", "tools", "stream", "api_key", "cache_control"})
_DELTAS: Final = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("tool_use", "partial_json"),
    "compaction_delta": ("compaction", "content"),
}
