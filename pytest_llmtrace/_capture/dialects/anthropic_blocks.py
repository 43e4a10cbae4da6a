"""Messages of Anthropic's API: content blocks as text, reasoning, tool calls and tool results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import text
from pytest_llmtrace._capture.dialects.media import plain
from pytest_llmtrace._capture.dialects.parts import Content, add_part, content
from pytest_llmtrace._capture.dialects.tooling import tool_call


def block_messages(raw: object) -> Iterator[dict[str, Any]]:
    """The messages of a raw one: an assistant message, or tool results and what the user says between them."""
    if not isinstance(raw, dict):
        return
    said = raw.get("content")
    role = text(raw.get("role")) or "user"
    if role == "assistant":
        yield assistant_message(said if isinstance(said, list) else [said])
        return
    if not isinstance(said, list):
        yield {"role": role, **content(said).fields()}
        return
    made = Content()
    seen = False
    for block in said:
        if isinstance(block, dict) and block.get("type") == "tool_result":
            if made.parts:
                yield {"role": role, **made.fields()}
                made = Content()
            yield _result_message(block)
            seen = True
        else:
            add_part(made, block)
    if made.parts or not seen:
        yield {"role": role, **made.fields()}


def assistant_message(blocks: Iterable[object]) -> dict[str, Any]:
    """What the model said. The result of a tool that Anthropic runs itself is put to its call."""
    made = Content()
    calls: list[dict[str, Any]] = []
    for block in blocks:
        kind = text(block.get("type")) if isinstance(block, dict) else ""
        if isinstance(block, dict) and kind in _CALLS:
            arguments = block.get("input")
            origin = {"server": block.get("server_name"), "toolset": block.get("toolset_name")}
            calls.append(tool_call(block.get("name"), arguments, block.get("id"), kind=_CALLS[kind], **origin))
        elif isinstance(block, dict) and kind.endswith("_tool_result"):
            _attach(made, calls, block)
        else:
            add_part(made, block)
    return {"role": "assistant", "tool_calls": calls, **made.fields()}


def _attach(made: Content, calls: Iterable[dict[str, Any]], block: Mapping[str, Any]) -> None:
    """The call may be in an earlier message (the model paused for another tool); then the result stands alone."""
    for call in calls:
        if call.get("id") == block.get("tool_use_id") and "result" not in call:
            result = plain(block.get("content"))
            call["result"] = {"is_error": True, "content": result} if block.get("is_error") is True else result
            return
    made.parts.append(plain(block))


def _result_message(block: Mapping[str, Any]) -> dict[str, Any]:
    fields = {"role": "tool", "tool_call_id": block.get("tool_use_id"), **content(block.get("content")).fields()}
    return {**fields, "is_error": True} if block.get("is_error") is True else fields


_CALLS: Final = {"tool_use": "function", "server_tool_use": "server_tool_use", "mcp_tool_use": "mcp_tool_use"}
