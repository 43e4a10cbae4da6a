"""Messages and tools as an application holds them, whichever API's shape they have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._capture.dialects.anthropic_blocks import block_messages
from pytest_llmtrace._capture.dialects.chat_messages import chat_message
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import listed, mappings, text
from pytest_llmtrace._capture.dialects.media import binary
from pytest_llmtrace._capture.dialects.tooling import argument_text, tool_call, tool_schemas
from pytest_llmtrace._capture.manual.copies import copied
from pytest_llmtrace._model.messages import Message, MessageTable

Redact = Callable[[Any], Any]


def read_messages(raw: object, table: MessageTable, redact: Redact) -> tuple[Message, ...]:
    """The messages of a history: a list of them in any common shape, or the text of one.

    Each distinct message is copied and read once, so that a history of T turns costs O(T) copies.
    """
    items = raw if isinstance(raw, list | tuple) else [raw]

    def build(item: object) -> Iterator[dict[str, Any]]:
        yield from message_fields(redact(copied(item, opened=True)))

    try:
        return Interner(table).messages("hand", items, build)
    except ValueError:  # objects, which have no raw form to recognise
        return Interner(table).messages("hand", [copied(item, opened=True) for item in items], build)


def read_tools(raw: object, table: MessageTable, redact: Redact) -> tuple[Mapping[str, Any], ...]:
    """The schemas of tools."""
    data = redact(copied(raw, opened=True))
    return Interner(table).tools(data if isinstance(data, list) else [data], tool_schemas)


def message_fields(raw: object) -> Iterator[dict[str, Any]]:
    """The fields of the messages that plain data stands for: one, or an Anthropic message's tool results apart."""
    if isinstance(raw, str):
        yield {"role": "user", "content": raw}
        return
    if not isinstance(raw, dict):
        return
    role = text(raw.get("role")) or _ROLES.get(text(raw.get("type")), "user")
    fields = {name: value for name, value in raw.items() if name != "type" or value not in _ROLES}
    fields["role"] = "assistant" if role == "model" else role
    if any(text(part.get("type")) in _BLOCKS for part in mappings(fields.get("content"))):
        yield from block_messages(fields)
        return
    yield assistant_fields(fields)


def assistant_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A message of OpenAI's shape, Ollama's, or LangChain's."""
    made = chat_message({name: value for name, value in raw.items() if name not in _APART and name not in _FRAMEWORK})
    made["content"] = [*listed(made["content"]), *_images(raw.get("images"))]
    made["reasoning"] = text(raw.get("thinking")) or made["reasoning"]
    made["name"] = raw.get("tool_name") or made["name"]
    called = [one for one in mappings(raw.get("tool_calls")) if "args" in one and "function" not in one]
    if called:
        made["tool_calls"] = [tool_call(one.get("name"), argument_text(one["args"]), one.get("id")) for one in called]
    return made


def _images(raw: object) -> Iterable[dict[str, Any]]:
    """Ollama's images are base64 text; those of others are parts, which `chat_message` reads."""
    return [binary("image", one) for one in listed(raw) if isinstance(one, str)]


_ROLES: Final = {
    "human": "user",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
}
"""The types of LangChain's messages."""
_BLOCKS: Final = frozenset({"tool_use", "tool_result", "server_tool_use"})
"""Content blocks that only Anthropic has."""
_APART: Final = frozenset({"thinking", "tool_name"})
_FRAMEWORK: Final = frozenset({
    "additional_kwargs", "artifact", "example", "id", "invalid_tool_calls", "response_metadata", "status",
    "tool_call_chunks", "usage", "usage_metadata",
})  # fmt: skip
"""What frameworks add to messages for themselves."""
