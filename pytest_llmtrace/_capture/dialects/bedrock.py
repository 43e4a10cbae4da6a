"""Amazon Bedrock's Converse and ConverseStream, and the Nova models' invoke, which has the same shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, first, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import binary, linked, plain
from pytest_llmtrace._capture.dialects.parts import Content, joined
from pytest_llmtrace._capture.dialects.tokens import usage
from pytest_llmtrace._capture.dialects.tooling import Tools, argument_text, schema, tool_call
from pytest_llmtrace._model.canonical import parse_json
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
            messages=interner.messages(self.operation, [*system, *body["messages"]], _messages),
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
        blocks: dict[int, dict[str, Any]] = {}
        reason = ""
        found: Usage | None = None
        error: CallError | None = None
        for event in events:
            error = error or stated_error(event)
            start = mapping(event.get("contentBlockStart"))
            delta = mapping(event.get("contentBlockDelta"))
            if start:
                blocks[count(start.get("contentBlockIndex"))] = {**mapping(start.get("start"))}
            if delta:
                _extend(blocks.setdefault(count(delta.get("contentBlockIndex")), {}), mapping(delta.get("delta")))
            reason = text(mapping(event.get("messageStop")).get("stopReason")) or reason
            found = _usage(mapping(event.get("metadata")).get("usage")) or found
        content = [_whole(blocks[index]) for index in sorted(blocks)]
        return Answer(
            output=assistant_message(content) if content or reason else None,
            finish_reason=reason or None,
            usage=found,
            error=error,
            complete=done or bool(reason),
        )


def assistant_message(blocks: Iterable[object]) -> dict[str, Any]:
    """What the model said."""
    made = Content()
    calls: list[dict[str, Any]] = []
    thoughts: list[str] = []
    for block in mappings(list(blocks)):
        if (use := mapping(block.get("toolUse"))) != {}:
            kind = text(use.get("type")) if use.get("type") == "server_tool_use" else "function"
            calls.append(tool_call(use.get("name"), use.get("input"), use.get("toolUseId"), kind=kind))
        elif (thought := mapping(block.get("reasoningContent"))) != {}:
            thoughts.append(text(first(mapping(thought.get("reasoningText")), "text")))
        else:
            _add_part(made, block)
    return {"role": "assistant", "tool_calls": calls, **made.fields(), "reasoning": joined(thoughts) or None}


def _is_nova(messages: Sequence[object]) -> bool:
    """Whether an invoked model takes Converse's messages: their parts have no type."""
    part = next(iter(listed(mapping(next(iter(messages), None)).get("content"))), None)
    return isinstance(part, dict) and "type" not in part


def _messages(raw: object) -> Iterator[dict[str, Any]]:
    if not isinstance(raw, dict):
        return
    role = text(raw.get("role")) or "user"
    said = raw.get("content")
    blocks = [{"text": said}] if isinstance(said, str) else listed(said)
    if role == "assistant":
        yield assistant_message(blocks)
        return
    made = Content()
    for block in mappings(blocks):
        if (result := mapping(block.get("toolResult"))) != {}:
            yield _result_message(result)
        else:
            _add_part(made, block)
    if made.parts:
        yield {"role": role, **made.fields()}


def _result_message(result: Mapping[str, Any]) -> dict[str, Any]:
    made = Content()
    for block in mappings(result.get("content")):
        if "json" in block:
            made.add_text(argument_text(plain(block["json"])))
        else:
            _add_part(made, block)
    fields = {"role": "tool", "tool_call_id": result.get("toolUseId"), **made.fields()}
    return {**fields, "is_error": True} if result.get("status") == "error" else fields


def _add_part(made: Content, block: Mapping[str, Any]) -> None:
    if isinstance(block.get("text"), str):
        made.add_text(block["text"])
        return
    for name, kind in _MEDIA.items():
        media = mapping(block.get(name))
        if media:
            made.parts.append(_media(name, kind, media))
            return
    if (cited := mapping(block.get("citationsContent"))) != {}:
        made.add_text("".join(text(one.get("text")) for one in mappings(cited.get("content"))))
        made.annotations.extend(plain(one) for one in mappings(cited.get("citations")))
    elif rest := {key: plain(value) for key, value in block.items() if key != "cachePoint"}:
        made.parts.append({"type": next(iter(rest)), **rest})


def _media(name: str, kind: str, media: Mapping[str, Any]) -> dict[str, Any]:
    source = mapping(media.get("source"))
    form = text(media.get("format"))
    media_type = f"{name}/{form}" if kind != "file" else form
    if isinstance(source.get("bytes"), str):
        return binary(kind, source["bytes"], media_type, filename=media.get("name"))
    if (place := mapping(source.get("s3Location"))) != {}:
        return linked(kind, text(place.get("uri")), media_type=media_type, filename=media.get("name"))
    return {"type": kind, **dict(plain(media))}


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


def _extend(block: dict[str, Any], delta: Mapping[str, Any]) -> None:
    """Add a delta to a block; text collects in lists until the block is whole."""
    if isinstance(delta.get("text"), str):
        block.setdefault("texts", []).append(delta["text"])
    elif isinstance(delta.get("toolUse"), dict):
        block.setdefault("inputs", []).append(text(delta["toolUse"].get("input")))
    elif isinstance(delta.get("reasoningContent"), dict):
        block.setdefault("thoughts", []).append(text(delta["reasoningContent"].get("text")))


def _whole(block: Mapping[str, Any]) -> dict[str, Any]:
    if "toolUse" in block:
        said = "".join(listed(block.get("inputs")))
        parsed = parse_json(said)
        return {"toolUse": {**mapping(block["toolUse"]), "input": said if parsed is None else parsed}}
    if "thoughts" in block:
        return {"reasoningContent": {"reasoningText": {"text": "".join(listed(block["thoughts"]))}}}
    return {"text": "".join(listed(block.get("texts")))}


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
_MEDIA: Final = {"image": "image", "video": "video", "audio": "audio", "document": "file"}
