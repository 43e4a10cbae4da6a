"""Messages of Google's API: the parts of a content as text, reasoning, media, tool calls and tool results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import binary, kind_of, linked, plain
from pytest_llmtrace._capture.dialects.parts import Content
from pytest_llmtrace._capture.dialects.tooling import argument_text, tool_call


def assistant_message(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What the model said. Pieces of one text or thought that a stream cut apart are joined again."""
    made = Content()
    calls: list[dict[str, Any]] = []
    thoughts: list[str] = []
    said: list[str] = []
    for part in whole_calls(parts):
        if isinstance(part.get("text"), str):
            (thoughts if part.get("thought") is True else said).append(part["text"])
            continue
        if (call := _call(part)) is not None:
            calls.append(call)
        elif not _attach(calls, part) and (media := _media(part)):
            made.add_text("".join(said))
            said = []
            made.parts.append(media)
    made.add_text("".join(said))
    return {"role": "assistant", "tool_calls": calls, **made.fields(), "reasoning": "".join(thoughts) or None}


def content_messages(raw: object) -> Iterator[dict[str, Any]]:
    if isinstance(raw, str):
        yield {"role": "user", "content": raw}
    if not isinstance(raw, dict):
        return
    parts = mappings(raw.get("parts"))
    role = text(raw.get("role")) or "user"
    if role == "model":
        yield assistant_message(parts)
        return
    made = Content()
    for part in parts:
        if (result := mapping(either(part, "functionResponse"))) != {}:
            yield _result_message(result)
        else:
            _add_part(made, part)
    if made.parts:
        yield {"role": role, **made.fields()}


def _result_message(result: Mapping[str, Any]) -> dict[str, Any]:
    made = Content()
    response = result.get("response")
    made.add_text(response if isinstance(response, str) else argument_text(plain(response)))
    for part in mappings(result.get("parts")):
        _add_part(made, part)
    return {"role": "tool", "name": result.get("name"), "tool_call_id": result.get("id"), **made.fields()}


def _add_part(made: Content, part: Mapping[str, Any]) -> None:
    if isinstance(part.get("text"), str):
        made.add_text(part["text"])
    elif media := _media(part):
        made.parts.append(media)


def _media(part: Mapping[str, Any]) -> dict[str, Any]:
    """A part that is no text; empty where nothing but signatures is in it."""
    if (data := mapping(either(part, "inlineData"))) != {}:
        media_type = text(either(data, "mimeType"))
        return binary(kind_of(media_type), text(data.get("data")), media_type, filename=either(data, "displayName"))
    if (file := mapping(either(part, "fileData"))) != {}:
        media_type = text(either(file, "mimeType"))
        name = either(file, "displayName")
        return linked(kind_of(media_type), text(either(file, "fileUri")), media_type=media_type, filename=name)
    rest = {key: plain(value) for key, value in part.items() if key not in ("thought", "thoughtSignature", "type")}
    rest.pop("thought_signature", None)
    return {"type": next(iter(rest)), **rest} if rest else {}


def _call(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """The tool call in a part: of a function, or of a tool that Google runs."""
    if (called := mapping(either(part, "functionCall"))) != {}:
        return tool_call(called.get("name"), called.get("args"), called.get("id"))
    if (code := mapping(either(part, "executableCode"))) != {}:
        asked = {key: value for key, value in code.items() if key != "id"}
        return tool_call("code_execution", asked, code.get("id"), kind="code_execution")
    if (called := mapping(either(part, "toolCall"))) != {}:
        name = text(either(called, "toolType")).lower()
        return tool_call(name, called.get("args"), called.get("id"), kind="server_tool_call")
    return None


def _attach(calls: Iterable[dict[str, Any]], part: Mapping[str, Any]) -> bool:
    """Put the result of a tool that Google ran to its call; whether there was one to put it to."""
    for name, kind in (("codeExecutionResult", "code_execution"), ("toolResponse", "server_tool_call")):
        result = mapping(either(part, name))
        for call in calls if result else ():
            if call["type"] == kind and "result" not in call and result.get("id") in (None, call.get("id")):
                call["result"] = {
                    key: plain(value) for key, value in result.items() if key not in ("id", "toolType", "tool_type")
                }
                return True
    return False


def whole_calls(parts: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The parts, with function calls whose arguments were streamed piece by piece put together."""
    open_call: dict[str, Any] | None = None
    for part in parts:
        called = mapping(either(part, "functionCall"))
        pieces = mappings(either(called, "partialArgs"))
        goes_on = either(called, "willContinue") is True
        if open_call is None and not pieces and not goes_on:
            yield part
            continue
        if open_call is None:
            open_call = {"functionCall": {"args": {}}}
        if "functionCall" in part or "function_call" in part:
            kept = {key: value for key, value in called.items() if key in ("name", "id")}
            open_call["functionCall"] |= kept
            for piece in pieces:
                _place(open_call["functionCall"]["args"], piece)
            if not goes_on:
                yield open_call
                open_call = None
        else:
            yield part
    if open_call is not None:
        yield open_call


def _place(arguments: dict[str, Any], piece: Mapping[str, Any]) -> None:
    """Put a piece of an argument where its path (``$.place.city``) says; pieces of one text are joined."""
    *outer, name = text(either(piece, "jsonPath")).removeprefix("$.").split(".")[:_DEEPEST_PATH]
    for key in outer:
        inner = arguments.get(key)
        arguments[key] = arguments = inner if isinstance(inner, dict) else {}
    names = ("stringValue", "numberValue", "boolValue")
    value = next((found for key in names if (found := either(piece, key)) is not None), None)
    known = arguments.get(name)
    arguments[name] = known + value if isinstance(known, str) and isinstance(value, str) else value


def either(fields: Mapping[str, Any], name: str) -> Any:
    """A field in camel case or in snake case: SDKs send both."""
    value = fields.get(name)
    return fields.get(_UPPER.sub(lambda letter: f"_{letter.group().lower()}", name)) if value is None else value


_DEEPEST_PATH: Final = 20
_UPPER: Final = re.compile(r"[A-Z]")
