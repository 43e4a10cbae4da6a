"""Messages, tool calls and values in one line each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import cut_end
from pytest_llmtrace._report.plain import plain

if TYPE_CHECKING:
    from pytest_llmtrace._model.trace import LLMCall


def compact(value: object) -> str:
    """JSON on one line with its keys sorted, as people write it: ``{"a": 1, "b": [2, 3]}``."""
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True)


def call_text(name: object, arguments: object) -> str:
    """A tool call as code: ``lookup_order(order_id="123")``; arguments that are no object stand as they are."""
    parsed = parse_json(arguments) if isinstance(arguments, str) else arguments
    if isinstance(parsed, Mapping):
        inside = ", ".join(f"{key}={compact(value)}" for key, value in parsed.items())
    else:
        inside = "" if arguments in (None, "") else arguments if isinstance(arguments, str) else compact(arguments)
    return f"{name}({inside})"


def value_text(value: object) -> str:
    """Any value of a finding as text: text as it is, tool calls as code, everything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        call = _as_call(value)
        if call is not None:
            return call
    if isinstance(value, (list, tuple)) and value:
        calls = [_as_call(item) if isinstance(item, Mapping) else None for item in value]
        if all(call is not None for call in calls):
            return "\n".join(str(call) for call in calls)
    return compact(value)


def whole_text(value: object) -> str:
    """Like `value_text` for what is on one side only: a tool that is offered as its signature, an error as a line.

    ``refund(order: string, reason?: string)  Refunds an order.``, ``invalid_request_error 400: No such model.``
    """
    if isinstance(value, Mapping):
        if {"type", "message", "status"} == value.keys():
            return error_text(value["type"], value["status"], value["message"])
        return _schema_text(value) or value_text(value)
    return value_text(value)


def error_text(name: object, status: object, message: object) -> str:
    """An error in one line."""
    return f"{name}{'' if status is None else f' {status}'}: {message}"


def content_text(message: Mapping[str, Any]) -> str:
    """What a message says: its text, and a word for each part that is no text."""
    content = message.get("content")
    if content is None:
        return str(message.get("refusal") or "")
    if not isinstance(content, (list, tuple)):
        return value_text(content)
    return "\n".join(_part_text(part) for part in content)


def tool_texts(message: Mapping[str, Any]) -> Iterator[str]:
    """The tool calls that a message asks for, as code."""
    calls = message.get("tool_calls") or ()
    for item in calls if isinstance(calls, (list, tuple)) else [calls]:
        yield (_as_call(item) if isinstance(item, Mapping) else None) or compact(item)


def message_line(message: Mapping[str, Any], width: int) -> str:
    """A message in one line: ``user: Refund order 123``, ``assistant: lookup_order(order_id="123")``."""
    said = " ".join(content_text(message).split()) if message.get("content") else ""
    parts = [said] if said else []
    parts.extend(tool_texts(message))
    text = clean_line(" ".join(parts)[: 4 * width + 40])
    return cut_end(f"{clean_line(message.get('role') or '?')}: {text or '(empty)'}", width)


def output_line(call: LLMCall, width: int) -> str:
    """What came back from a call, in one line: the answer, the error, or why there is none."""
    if call.output is not None:
        return message_line(call.output, width)
    if call.error is not None:
        return cut_end(clean_line(error_text(call.error.type, call.error.status, call.error.message)), width)
    return {"missed": "no recorded answer", "open": "still running when the test ended"}.get(call.status, call.status)


def request_line(call: LLMCall, added: tuple[Message, ...], width: int) -> str:
    """What a call sent last, in one line."""
    messages = added or call.messages
    return message_line(messages[-1], width) if messages else f"{call.operation} without messages"


def _as_call(item: Mapping[str, Any]) -> str | None:
    function = item.get("function")
    fields = function if isinstance(function, Mapping) else item
    if isinstance(fields.get("name"), str) and "arguments" in fields:
        return call_text(fields["name"], fields["arguments"])
    return None


def _schema_text(tool: Mapping[str, Any]) -> str | None:
    parameters = tool.get("parameters")
    properties = parameters.get("properties") if isinstance(parameters, Mapping) else None
    if not isinstance(parameters, Mapping) or not isinstance(properties, Mapping):
        return None
    required = parameters.get("required")
    inside = [
        f"{name}{'' if isinstance(required, list) and name in required else '?'}: {_type_text(kind)}"
        for name, kind in properties.items()
    ]
    return f"{tool.get('name')}({', '.join(inside)})  {tool.get('description') or ''}".rstrip()


def _type_text(schema: object) -> str:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return kind if isinstance(kind, str) else "any" if kind is None else compact(kind)


def _part_text(part: object) -> str:
    if not isinstance(part, Mapping):
        return value_text(part)
    if isinstance(part.get("text"), str):
        return str(part["text"])
    kind = str(part.get("type") or "part")
    text = compact(part)
    return f"[{kind}, {len(text):,} characters]" if len(text) > 300 else f"[{kind} {text}]"
