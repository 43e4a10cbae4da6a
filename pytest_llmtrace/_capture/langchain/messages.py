"""LangChain's messages and tools as plain data."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, Final


def message_data(message: Any) -> Any:
    """A message as data of its own shape, without ids and what only LangChain needs."""
    kind = getattr(message, "type", None)
    if not isinstance(kind, str) or not hasattr(message, "content"):
        return message
    calls = getattr(message, "tool_calls", None) or []
    data: dict[str, Any] = {"type": _KINDS.get(kind, kind), "content": _content(message.content, called=bool(calls))}
    if kind == "chat":
        data = {"role": message.role, "content": message.content}
    extra = getattr(message, "additional_kwargs", None) or {}
    for name in ("reasoning_content", "refusal", "audio"):
        if extra.get(name):
            data[name] = extra[name]
    invalid = getattr(message, "invalid_tool_calls", None) or []
    if calls or invalid:
        data["tool_calls"] = [
            {"name": one["name"], "args": one["args"], "id": one.get("id")} for one in (*calls, *invalid)
        ]
    for name in ("name", "tool_call_id"):
        if getattr(message, name, None):
            data[name] = getattr(message, name)
    return data


def answer_data(message: Any) -> Any:
    """An answer as data: the message, and what the provider said of it."""
    data = message_data(message)
    if isinstance(data, dict):
        data["type"] = "ai"
        for name in ("usage_metadata", "response_metadata"):
            if getattr(message, name, None):
                data[name] = getattr(message, name)
    return data


def tool_data(tools: Iterable[Any]) -> list[Any]:
    """The schemas of tools, whether given as schemas, as LangChain tools, as functions or as models."""
    module = sys.modules.get("langchain_core.utils.function_calling")
    convert = getattr(module, "convert_to_openai_tool", None)
    return [one if isinstance(one, dict) or convert is None else convert(one) for one in tools]


def _content(content: Any, *, called: bool) -> Any:
    """The content; tool calls stand in it a second time where a provider's or LangChain's own blocks are kept."""
    if not called or not isinstance(content, list):
        return content
    return [part for part in content if not (isinstance(part, dict) and part.get("type") in _CALLS)]


_KINDS: Final = {"HumanMessageChunk": "human", "SystemMessageChunk": "system", "ToolMessageChunk": "tool"}
_CALLS: Final = frozenset({"function_call", "input_json_delta", "tool_call", "tool_call_chunk", "tool_use"})
