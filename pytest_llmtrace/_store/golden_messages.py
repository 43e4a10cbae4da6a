"""Messages and tool calls as a golden trace shows them, and back.

A message is a mapping from its role to its text (``user: Refund order 123``), or to its fields where it has more. A
tool's answer names the call in its role (``tool call_1: ...``), a tool call is one line (``call_1: refund(id=1)``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pytest_llmtrace._model.canonical import Json
from pytest_llmtrace._model.exact_json import loads_exactly, spell_json
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._store.call_text import call_text, read_call
from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.formats import CALLED_KEYS
from pytest_llmtrace._store.nesting import is_too_deep
from pytest_llmtrace._store.yaml_text import Block


def sent_data(message: Message) -> dict[str, Any]:
    """A message of the input, as a mapping with one key."""
    role, text = message.get("role"), message.get("content")
    if type(role) is str and role in _USUAL_ROLES and type(text) is str and len(message) == 2:
        return {role: text}
    call_id = message.get("tool_call_id")
    if not isinstance(role, str) or not _ROLE.fullmatch(role) or role in _NOT_ROLES:
        return {"message": _fields(message)}
    if role == "tool" and isinstance(call_id, str) and _ID.fullmatch(call_id):
        return {f"tool {call_id}": _text_or_fields(message, "role", "tool_call_id")}
    return {role: _text_or_fields(message, "role")}


def read_sent(name: str, value: Json) -> Message:
    """The message of one entry of the input.

    Raises:
        Fault: it is not one.
    """
    if name == "message":
        return Message(_read_fields(value))
    role, space, call_id = name.partition(" ")
    if not _ROLE.fullmatch(role) or (space and (role != "tool" or not _ID.fullmatch(call_id))):
        raise Fault(f"`{name}` is not a role")
    fields = {"content": value} if isinstance(value, str) else _read_fields(value)
    return Message({"role": role, **fields, **({"tool_call_id": call_id} if space else {})})


def output_data(message: Message) -> Json:
    """The output of a call: its text, or its fields where it has more or is not the assistant's."""
    return _text_or_fields(message, "role") if message.get("role") == "assistant" else _fields(message)


def read_output(value: Json) -> Message:
    """The message of an output.

    Raises:
        Fault: it is not one.
    """
    if isinstance(value, str):
        return Message({"role": "assistant", "content": value})
    return Message({"role": "assistant", **_read_fields(value)})


def _text_or_fields(message: Mapping[str, Any], *known: str) -> Json:
    fields = {name: value for name, value in message.items() if name not in known}
    text = fields.get("content")
    return text if len(fields) == 1 and isinstance(text, str) else _fields(fields)


def _fields(message: Mapping[str, Any]) -> dict[str, Any]:
    return Block(
        {
            name: [_tool_call(one) for one in value] if name == "tool_calls" and isinstance(value, list) else value
            for name, value in message.items()
        }
    )


def _read_fields(value: Json) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Fault(f"a message must be text or a mapping, not {value!r}")
    calls = value.get("tool_calls")
    return {**value, "tool_calls": [_read_tool_call(one) for one in calls]} if isinstance(calls, list) else value


def _tool_call(item: Any) -> Json:
    """A tool call as ``call_1: name(arguments)``; with a mapping in place of the line where it does not fit on one."""
    if not _is_regular(item):
        return {"raw": item}
    name, text = item["function"]["name"], item["function"]["arguments"]
    arguments = _as_data(text)
    line = None if arguments is text else call_text(name, arguments)
    others = {key: value for key, value in item.items() if key not in ("id", "type", "function")}
    if item["type"] != "function":
        others = {"type": item["type"], **others}
    if line is not None and not others:
        return {item["id"]: line} if "id" in item else line
    called: dict[str, Any] = {"call": line}
    if line is None:
        called = {"name": name, "arguments": arguments if isinstance(arguments, (dict, list)) else text}
    return {item.get("id", "no id"): Block({**called, **others})}


def _read_tool_call(item: Json) -> Any:
    if isinstance(item, str):
        return {"type": "function", "function": _function({"call": item})}
    if not isinstance(item, dict) or len(item) != 1:
        raise Fault(f"a tool call must be like `call_1: name(argument=1)`, not {item!r}")
    ((call_id, value),) = item.items()
    if call_id == "raw":
        return value
    fields = {"call": value} if isinstance(value, str) else value
    if not isinstance(fields, dict):
        raise Fault(f"a tool call must be like `name(argument=1)`, not {value!r}")
    others = {key: part for key, part in fields.items() if key not in CALLED_KEYS}
    kind = others.pop("type", "function")
    return {**({} if call_id == "no id" else {"id": call_id}), "type": kind, "function": _function(fields), **others}


def _function(fields: Mapping[str, Any]) -> dict[str, Any]:
    try:
        if "call" in fields:
            name, arguments = read_call(str(fields["call"]))
            return {"name": name, "arguments": spell_json(arguments)}
        name, given = fields.get("name", ""), fields.get("arguments")
        if not isinstance(name, str) or not isinstance(given, (str, dict, list)):
            raise Fault("a tool call needs `call`, or `name` and `arguments`")
        return {"name": name, "arguments": given if isinstance(given, str) else spell_json(given)}
    except ValueError as error:
        raise Fault(str(error)) from None


def _is_regular(item: Any) -> bool:
    """Whether a tool call has the documented shape, so that nothing is lost by writing it in another."""
    if not isinstance(item, dict) or not isinstance(item.get("type"), str):
        return False
    function, call_id = item.get("function"), item.get("id", "call_1")
    if not isinstance(function, dict) or set(function) != {"name", "arguments"}:
        return False
    if not all(isinstance(part, str) for part in function.values()) or not isinstance(call_id, str):
        return False
    return call_id not in ("", "raw", "no id") and not any(key in item for key in CALLED_KEYS)


def _as_data(text: str) -> Any:
    """The arguments as data where that spells the same text again and can be told from text; else the text itself."""
    try:
        value = loads_exactly(text)
        if spell_json(value) == text and not isinstance(value, str) and not is_too_deep(value, _DEEPEST_ARGUMENTS):
            return value
    except ValueError:
        pass
    return text


_ROLE: Final = re.compile(r"[a-z][a-z_]*")
_USUAL_ROLES: Final = frozenset({"system", "developer", "user", "assistant"})
_NOT_ROLES: Final = frozenset({"message", "keep", "again"})
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]+")
_DEEPEST_ARGUMENTS: Final = 50
