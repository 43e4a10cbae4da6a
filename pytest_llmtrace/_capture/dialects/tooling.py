"""Tools and tool calls in one form, whichever API spelled them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import first, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import plain

Tools = tuple[Mapping[str, Any], ...]


def tool_schemas(raw: Sequence[Any]) -> Tools:
    """A list of tools: functions as ``{"name", "description", "parameters"}``, built-in ones as they are."""
    return tuple(_schema(one) for one in mappings(raw))


def schema(name: str, description: object, parameters: object, **others: Any) -> dict[str, Any]:
    """One function tool; what is empty is left out."""
    made: dict[str, Any] = {"name": name}
    if isinstance(description, str) and description:
        made["description"] = description
    if parameters is not None:
        made["parameters"] = plain(parameters)
    made.update({key: value for key, value in others.items() if value})
    return made


def tool_call(
    name: object,
    arguments: object,
    call_id: object = None,
    *,
    kind: str = "function",
    result: object = None,
    **others: object,
) -> dict[str, Any]:
    """One tool call of an assistant message.

    `kind` is `function`, or the provider's word for a call that it executes itself; such a call has its `result` here.
    `others` are what else tells calls apart, as the label of a MCP server; empty ones are left out.
    """
    made: dict[str, Any] = {"id": call_id} if isinstance(call_id, str) and call_id else {}
    made["type"] = kind
    made["function"] = {"name": text(name), "arguments": argument_text(arguments)}
    if result not in (None, [], {}):
        made["result"] = plain(result)
    made.update({key: plain(value) for key, value in others.items() if value not in (None, "", [], {})})
    return made


def argument_text(value: object) -> str:
    """Arguments as JSON text, evenly spaced: frameworks that parse and print them again must not look like drift."""
    if value is None or value == "":
        return "{}"
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return value
        if not isinstance(parsed, dict | list):
            return value
        value = parsed
    return json.dumps(value, ensure_ascii=False)


def openai_tool_calls(raw: object) -> list[dict[str, Any]]:
    """The `tool_calls` of a chat message. Positions and signatures are dropped; free-text calls keep their text."""
    made = []
    for one in mappings(raw):
        kind = text(one.get("type")) or "function"
        called = mapping(one.get("function"))
        if called or kind == "function":
            made.append(tool_call(called.get("name"), called.get("arguments"), one.get("id"), kind="function"))
        else:
            custom = mapping(one.get(kind))
            arguments = first(custom, "input", "arguments")
            made.append(tool_call(custom.get("name"), arguments, one.get("id"), kind=kind))
    return made


def _schema(raw: Mapping[str, Any]) -> dict[str, Any]:
    kind = raw.get("type")
    nested = mapping(raw.get("function"))
    fields = nested or raw
    if nested or kind == "function" or (kind in (None, "custom") and ("input_schema" in raw or "parameters" in raw)):
        others = {key: plain(value) for key, value in fields.items() if key not in _SCHEMA_FIELDS}
        parameters = first(fields, "parameters", "input_schema")
        strict = fields.get("strict") is True or raw.get("strict") is True
        return schema(text(fields.get("name")), fields.get("description"), parameters, strict=strict, **others)
    return {key: plain(value) for key, value in raw.items() if key not in _SECRETS and value is not None}


_SCHEMA_FIELDS: Final = frozenset(
    {"type", "function", "name", "description", "parameters", "input_schema", "strict", "cache_control"}
)
_SECRETS: Final = frozenset({"authorization", "authorization_token", "headers", "cache_control"})
"""What a built-in tool (an MCP server, say) carries to identify the caller; it never reaches a trace."""
