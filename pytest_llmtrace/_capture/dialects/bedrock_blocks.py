"""Messages of Bedrock's Converse: content blocks as text, media, reasoning, tool calls and tool results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import first, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import binary, linked, plain
from pytest_llmtrace._capture.dialects.parts import Content, joined
from pytest_llmtrace._capture.dialects.tooling import argument_text, tool_call
from pytest_llmtrace._model.canonical import parse_json


def assistant_message(blocks: Iterable[object]) -> dict[str, Any]:
    """What the model said."""
    made = Content()
    calls: list[dict[str, Any]] = []
    thoughts: list[str] = []
    for block in mappings(list(blocks)):
        if (use := mapping(block.get("toolUse"))) != {}:
            kind = text(use.get("type")) if use.get("type") == "server_tool_use" else "function"
            calls.append(tool_call(use.get("name"), use.get("input"), use.get("toolUseId"), kind=kind))
        elif (result := mapping(block.get("toolResult"))) != {}:
            _attach(made, calls, result)
        elif (thought := mapping(block.get("reasoningContent"))) != {}:
            thoughts.append(text(first(mapping(thought.get("reasoningText")), "text")))
        else:
            _add_part(made, block)
    return {"role": "assistant", "tool_calls": calls, **made.fields(), "reasoning": joined(thoughts) or None}


def block_messages(raw: object) -> Iterator[dict[str, Any]]:
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


def _attach(made: Content, calls: Iterable[dict[str, Any]], result: Mapping[str, Any]) -> None:
    """Put the result of a tool that Bedrock ran to its call; it stands alone where that is in an earlier message."""
    for call in calls:
        if call.get("id") == result.get("toolUseId") and "result" not in call:
            call["result"] = plain(result.get("content"))
            return
    made.parts.append({"type": "toolResult", **_fields(result)})


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
    elif rest := _fields({key: value for key, value in block.items() if key != "cachePoint"}):
        made.parts.append({"type": next(iter(rest)), **rest})


def _media(name: str, kind: str, media: Mapping[str, Any]) -> dict[str, Any]:
    source = mapping(media.get("source"))
    form = text(media.get("format"))
    media_type = f"{name}/{form}" if kind != "file" else form
    about = {"filename": media.get("name"), "context": media.get("context"), "error": plain(media.get("error"))}
    if isinstance(source.get("bytes"), str):
        return binary(kind, source["bytes"], media_type, **about)
    if (place := mapping(source.get("s3Location"))) != {}:
        return linked(kind, text(place.get("uri")), media_type=media_type, **about)
    return {"type": kind, **_fields(media)}


def _fields(value: Mapping[str, Any]) -> dict[str, Any]:
    """Any structure as it is, but for binary content: boto3 sends that under the name ``bytes``."""
    found: dict[str, Any] = plain(_without_bytes(value))
    return found


def _without_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        if isinstance(value.get("bytes"), str):
            return binary("file", value["bytes"])
        return {key: _without_bytes(one) for key, one in value.items()}
    return [_without_bytes(one) for one in value] if isinstance(value, list) else value


@dataclass(slots=True)
class StreamedBlock:
    """One content block of a stream, put together from its start and its deltas."""

    _start: dict[str, Any] = field(default_factory=dict)
    _kind: str = "text"
    _said: list[str] = field(default_factory=list)
    _others: list[Any] = field(default_factory=list)
    _citations: list[Any] = field(default_factory=list)

    def add(self, piece: Mapping[str, Any]) -> None:
        """Take in the block's start, or its next delta."""
        if isinstance(piece.get("text"), str):
            self._said.append(piece["text"])
        for name in ("toolUse", "toolResult", "reasoningContent", "image"):
            value = piece.get(name)
            if isinstance(value, list):
                self._kind = name
                self._others.extend(value)
            elif isinstance(value, dict):
                self._kind = name
                self._said.append(text(first(value, "input", "text")))
                self._start |= {key: one for key, one in value.items() if key not in ("input", "text", "signature")}
        if (citation := mapping(piece.get("citation"))) != {}:
            self._citations.append(citation)

    def whole(self) -> dict[str, Any]:
        """The block as an answer in one piece would have it."""
        said = "".join(self._said)
        if self._kind == "toolUse":
            parsed = parse_json(said)
            return {"toolUse": {**self._start, "input": said if parsed is None else parsed}}
        if self._kind == "toolResult":
            return {"toolResult": {**self._start, "content": self._others}}
        if self._kind == "reasoningContent":
            return {"reasoningContent": {"reasoningText": {"text": said}}}
        if self._kind == "image":
            return {"image": self._start}
        if self._citations:
            return {"citationsContent": {"content": [{"text": said}], "citations": self._citations}}
        return {"text": said}


_MEDIA: Final = {"image": "image", "video": "video", "audio": "audio", "document": "file"}
