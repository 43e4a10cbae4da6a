"""LangChain's messages and tools as plain data."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from pytest_llmtrace._capture.manual.messages import read_messages

if TYPE_CHECKING:
    from pytest_llmtrace._capture.recorder import Recorder
    from pytest_llmtrace._model.messages import Message


def read(recorder: Recorder, messages: Iterable[Any]) -> tuple[Message, ...]:
    """The messages that are sent, as the trace holds them: copies, made once for a message that is sent again.

    A text that is set anew is another object; only content in parts can change unseen, and is read each time.
    """
    known = recorder.framework.messages
    made: list[Message] = []
    for one in messages:
        content, calls = getattr(one, "content", None), getattr(one, "tool_calls", None)
        found = known.get(id(one))
        if found is None or found[0] is not one or found[1] is not content or found[2] is not calls:
            read_anew = read_messages([message_data(one)], recorder.hand_messages, recorder.redacted)
            found = (one, content, calls, read_anew)
            if isinstance(content, str):
                known[id(one)] = found
        made.extend(found[3])
    return tuple(made)


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
    return [part for part in content if not (isinstance(part, dict) and str(part.get("type")) in _CALLS)]


_KINDS: Final = {"HumanMessageChunk": "human", "SystemMessageChunk": "system", "ToolMessageChunk": "tool"}
_CALLS: Final = frozenset({"function_call", "input_json_delta", "tool_call", "tool_call_chunk", "tool_use"})
