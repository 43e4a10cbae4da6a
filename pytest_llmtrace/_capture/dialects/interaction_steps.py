"""Steps of Google's Interactions API as messages: neighbouring steps of the model are one assistant message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import binary, kind_of, linked, plain
from pytest_llmtrace._capture.dialects.parts import Content, add_part, joined
from pytest_llmtrace._capture.dialects.tooling import argument_text, tool_call

Step = Mapping[str, Any]


def as_steps(given: object) -> list[Step]:
    """The steps of an input: a text, one content or several are what the user says; turns have a role."""
    if isinstance(given, str | dict):
        given = [given]
    items = listed(given)
    if all(isinstance(one, dict) and (_is_step(one) or "role" in one) for one in items):
        return [one if _is_step(one) else _turn(one) for one in mappings(items)]
    return [{"type": "user_input", "content": items}]


def grouped(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Steps that make one message each."""
    group: list[Step] = []
    for step in steps:
        if _is_models(step):
            group.append(step)
            continue
        if group:
            yield group
            group = []
        yield [step]
    if group:
        yield group


def step_messages(group: Sequence[Step]) -> Iterator[dict[str, Any]]:
    """The message of one group."""
    step = group[0]
    if _is_models(step):
        yield assistant_message(group)
    elif step.get("type") == "function_result":
        yield _result_message(step)
    else:
        yield {"role": "user", **_content(step.get("content")).fields()}


def assistant_message(steps: Iterable[Step]) -> dict[str, Any]:
    """What the model said, thought, and called; what Google ran has its result at the call."""
    made = Content()
    thoughts: list[str] = []
    calls: list[dict[str, Any]] = []
    for step in steps:
        kind = text(step.get("type"))
        if kind == "model_output":
            said = _content(step.get("content"))
            made.parts.extend(said.parts)
            made.annotations.extend(said.annotations)
        elif kind == "thought":
            thoughts.append(joined([text(one.get("text")) for one in mappings(step.get("summary"))]))
        elif kind == "function_call":
            calls.append(tool_call(step.get("name"), step.get("arguments"), step.get("id")))
        elif kind.endswith("_call"):
            name = text(step.get("name")) or kind.removesuffix("_call")
            server = step.get("server_name")
            calls.append(tool_call(name, step.get("arguments"), step.get("id"), kind=kind, server=server))
        elif not _attach(calls, step):
            made.parts.append(plain({"type": kind, "result": step.get("result")}))
    return {"role": "assistant", "tool_calls": calls, **made.fields(), "reasoning": joined(thoughts) or None}


def _content(parts: object) -> Content:
    made = Content()
    for part in parts if isinstance(parts, list) else [parts]:
        fields = mapping(part)
        media_type = text(fields.get("mime_type"))
        kind = kind_of(media_type, _MEDIA.get(text(fields.get("type")), ""))
        if kind and isinstance(fields.get("data"), str):
            made.parts.append(binary(kind, fields["data"], media_type))
        elif kind and isinstance(fields.get("uri"), str):
            made.parts.append(linked(kind, fields["uri"], media_type=media_type))
        else:
            add_part(made, part)
    return made


def _result_message(step: Step) -> dict[str, Any]:
    value = step.get("result")
    made = Content()
    if isinstance(value, list) and all(isinstance(one, dict) and "type" in one for one in value):
        made = _content(value)
    elif value is not None:
        made.add_text(value if isinstance(value, str) else argument_text(plain(value)))
    fields = {"role": "tool", "name": step.get("name"), "tool_call_id": step.get("call_id"), **made.fields()}
    return {**fields, "is_error": True} if step.get("is_error") is True else fields


def _attach(calls: Sequence[dict[str, Any]], step: Step) -> bool:
    """Put a result to its call; whether there was one."""
    for call in calls:
        if "result" not in call and step.get("call_id") in (None, call.get("id")):
            call["result"] = plain(step.get("result"))
            return True
    return False


def _turn(turn: Step) -> Step:
    kind = "model_output" if turn.get("role") in ("model", "assistant") else "user_input"
    return {"type": kind, "content": turn.get("content")}


def _is_step(item: Step) -> bool:
    kind = text(item.get("type"))
    return kind in _STEPS or kind.endswith(("_call", "_result"))


def _is_models(step: Step) -> bool:
    return step.get("type") not in ("user_input", "function_result")


_STEPS: Final = frozenset({"user_input", "model_output", "thought"})
_MEDIA: Final = {"image": "image", "audio": "audio", "video": "video", "document": "file"}
