"""Amazon Bedrock's Converse and ConverseStream, and the Nova models' invoke, which has the same shape."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from pytest_llmtrace._capture.dialects.bedrock_blocks import StreamedBlock, assistant_message, block_messages
from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, first, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import plain
from pytest_llmtrace._capture.dialects.tokens import usage
from pytest_llmtrace._capture.dialects.tooling import Tools, schema
from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage


class BedrockConverse:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html."""

    operation = "converse"
    provider = "bedrock"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        found = _PATH.search(path)
        if found is None or not isinstance(body.get("messages"), list):
            return False
        return "converse" in found.group(2) or _is_nova(body["messages"])

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        found = _PATH.search(path)
        system = [{"role": "system", "content": body["system"]}] if body.get("system") else []
        offered = mapping(body.get("toolConfig"))
        choice = {"toolChoice": offered["toolChoice"]} if offered.get("toolChoice") else {}
        return Question(
            model=unquote(found.group(1)) if found else "",
            messages=interner.messages(self.operation, [*system, *body["messages"]], block_messages),
            params={name: value for name, value in body.items() if name not in _NOT_PARAMS and value} | choice,
            tools=interner.tools(offered.get("tools"), _tools),
            streamed=path.endswith("-stream"),
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        message = mapping(mapping(data.get("output")).get("message"))
        return Answer(
            output=assistant_message(listed(message.get("content"))) if message else None,
            finish_reason=text(data.get("stopReason")) or None,
            usage=_usage(data.get("usage")),
            error=stated_error(data),
        )

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        blocks: dict[int, StreamedBlock] = {}
        reason = ""
        found: Usage | None = None
        error: CallError | None = None
        for event in events:
            error = error or stated_error(event)
            for name in ("contentBlockStart", "contentBlockDelta"):
                if piece := mapping(event.get(name)):
                    block = blocks.setdefault(count(piece.get("contentBlockIndex")), StreamedBlock())
                    block.add(mapping(piece.get("start")) or mapping(piece.get("delta")))
            reason = text(mapping(event.get("messageStop")).get("stopReason")) or reason
            found = _usage(mapping(event.get("metadata")).get("usage")) or found
        content = [blocks[index].whole() for index in sorted(blocks)]
        return Answer(
            output=assistant_message(content) if content or reason else None,
            finish_reason=reason or None,
            usage=found,
            error=error,
            complete=done or bool(reason),
        )


def _is_nova(messages: Sequence[object]) -> bool:
    """Whether an invoked model takes Converse's messages: their parts have no type."""
    part = next(iter(listed(mapping(next(iter(messages), None)).get("content"))), None)
    return isinstance(part, dict) and "type" not in part


def _tools(raw: Sequence[Any]) -> Tools:
    made: list[Mapping[str, Any]] = []
    for tool in mappings(raw):
        if (spec := mapping(tool.get("toolSpec"))) != {}:
            parameters = mapping(spec.get("inputSchema")).get("json")
            strict = spec.get("strict") is True
            made.append(schema(text(spec.get("name")), spec.get("description"), parameters, strict=strict))
        elif "cachePoint" not in tool:
            made.append(plain(tool))
    return tuple(made)


def _usage(raw: object) -> Usage | None:
    fields = mapping(raw)
    read = count(first(fields, "cacheReadInputTokens", "cacheReadInputTokenCount"))
    written = count(first(fields, "cacheWriteInputTokens", "cacheWriteInputTokenCount"))
    return usage(
        input_tokens=count(fields.get("inputTokens")) + read + written,
        output_tokens=count(fields.get("outputTokens")),
        cache_read=read,
        cache_write=written,
    )


_PATH: Final = re.compile(r"/model/([^/]+)/(converse(?:-stream)?|invoke(?:-with-response-stream)?)$")
_NOT_PARAMS: Final = frozenset({"messages", "system", "toolConfig", "modelId"})
