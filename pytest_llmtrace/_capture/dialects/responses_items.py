"""Items of OpenAI's Responses API as messages: neighbouring items of the model are one assistant message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import first, listed, mappings, text
from pytest_llmtrace._capture.dialects.media import binary, plain
from pytest_llmtrace._capture.dialects.parts import Content, add_part, content, joined
from pytest_llmtrace._capture.dialects.tooling import argument_text, tool_call

Item = Mapping[str, Any]


def grouped(items: Iterable[object]) -> Iterator[list[Item]]:
    """Items that make one message each: what the model said in one go, or one item of anybody else."""
    group: list[Item] = []
    for item in items:
        if not isinstance(item, dict):
            continue
        if group and not _continues(group, item):
            yield group
            group = []
        group.append(item)
        if not _is_models(item):
            yield group
            group = []
    if group:
        yield group


def item_messages(group: Sequence[Item]) -> Iterator[dict[str, Any]]:
    """The message of one group."""
    item = group[0]
    if _is_models(item):
        yield assistant_message(group)
    elif _is_result(item):
        yield _result_message(item)
    else:
        yield {"role": text(item.get("role")) or "user", **content(item.get("content")).fields()}


def assistant_message(items: Iterable[Item]) -> dict[str, Any]:
    """What the model said: text, reasoning, and each call, whether the application or the provider executes it."""
    made = Content()
    calls: list[dict[str, Any]] = []
    for item in items:
        kind = text(item.get("type")) or "message"
        if kind == "message":
            said = content(item.get("content"))
            made.parts.extend(said.parts)
            made.reasoning.extend(said.reasoning)
            made.refusal.extend(said.refusal)
            made.annotations.extend(said.annotations)
        elif kind == "reasoning":
            thoughts = [*mappings(item.get("summary")), *mappings(item.get("content"))]
            made.reasoning.append(joined([text(thought.get("text")) for thought in thoughts]))
        elif kind == "function_call":
            calls.append(
                tool_call(item.get("name"), item.get("arguments"), _call_id(item), namespace=item.get("namespace"))
            )
        elif kind == "custom_tool_call":
            namespace = item.get("namespace")
            calls.append(
                tool_call(item.get("name"), item.get("input"), _call_id(item), kind="custom", namespace=namespace)
            )
        elif _is_result(item):
            _attach(made, calls, item)
        elif kind.endswith("_call") or kind.startswith("mcp_"):
            calls.append(_provider_call(kind, item))
        else:
            add_part(made, {key: value for key, value in item.items() if key not in ("id", "status", "created_by")})
    return {"role": "assistant", "tool_calls": calls, **made.fields()}


def _continues(group: Sequence[Item], item: Item) -> bool:
    """Whether an item belongs to what the model was saying.

    A provider's own tool reports its result in the same breath. Two assistant messages that the application wrote
    (they have no id) stay two.
    """
    if _is_result(item):
        return _is_providers_result(item)
    if not _is_models(item):
        return False
    said = [one for one in group if _is_message(one)] if _is_message(item) else []
    return not said or all("id" in one for one in [*said, item])


def _is_message(item: Item) -> bool:
    return item.get("type") in (None, "message")


def _is_models(item: Item) -> bool:
    if _is_message(item):
        return item.get("role") == "assistant"
    return not _is_result(item) or _is_providers_result(item)


def _is_result(item: Item) -> bool:
    kind = text(item.get("type"))
    return kind.endswith("_output") or kind == "mcp_approval_response"


def _is_providers_result(item: Item) -> bool:
    return item.get("execution") == "server"


def _call_id(item: Item) -> str:
    return text(item.get("call_id")) or text(item.get("id"))


def _provider_call(kind: str, item: Item) -> dict[str, Any]:
    """A call that the provider executes (or another client than a function), result included where it has one."""
    name = text(item.get("name")) or kind.removesuffix("_call")
    arguments = item.get("arguments")
    if arguments is None:
        arguments = {key: plain(value) for key, value in item.items() if key not in _NOT_ARGUMENTS}
        lone = arguments.get("action")
        arguments = lone if len(arguments) == 1 and isinstance(lone, dict) else arguments
    found = {key: item[key] for key in _RESULTS if item.get(key) not in (None, [], {}, "")}
    result: Any = next(iter(found.values())) if len(found) == 1 else found
    if kind == "image_generation_call" and isinstance(result, str):
        media = text(item.get("output_format")) or "png"
        result = binary("image", result, f"image/{media}")
    server = item.get("server_label") if "name" in item else None
    checks = [_without_id(check) for check in mappings(item.get("pending_safety_checks"))]
    return tool_call(
        name, arguments, _call_id(item), kind=kind, result=result, server=server, pending_safety_checks=checks
    )


def _attach(made: Content, calls: Sequence[dict[str, Any]], item: Item) -> None:
    """Give a provider's result to the call that it answers: by id, else the latest one without.

    The call may stand in an earlier response; then the result stands alone.
    """
    wanted = item.get("call_id")
    for call in reversed(calls):
        if "result" not in call and (wanted is None or call.get("id") == wanted):
            call["result"] = plain(_payload(item))
            return
    made.parts.append({"type": item["type"], "output": plain(_payload(item))})


def _without_id(fields: Item) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != "id"}


def _result_message(item: Item) -> dict[str, Any]:
    value = _payload(item)
    made = Content()
    if isinstance(value, str):
        made.add_text(value)
    elif isinstance(value, list) and all(isinstance(one, dict) and "type" in one for one in value):
        made = content(value)
    elif value is not None:
        made.add_text(argument_text(plain(value)))
    call_id = text(first(item, "call_id", "approval_request_id", "id"))
    acknowledged = [_without_id(check) for check in mappings(item.get("acknowledged_safety_checks"))]
    return {"role": "tool", "tool_call_id": call_id, **made.fields(), "acknowledged_safety_checks": acknowledged}


def _payload(item: Item) -> Any:
    """What a result says: its output, or everything but its frame."""
    if item.get("output") is not None:
        return item["output"]
    if item.get("type") == "tool_search_output":
        return list(_tool_names(item.get("tools"))) or listed(item.get("tools"))
    return {key: value for key, value in item.items() if key not in _FRAME}


def _tool_names(tools: object) -> Iterator[str]:
    """What a search for tools found, by name; the tools of a namespace with its name before theirs."""
    for tool in mappings(tools):
        name = text(first(tool, "name", "server_label", "type"))
        inner = list(_tool_names(tool.get("tools")))
        yield from (f"{name}.{one}" for one in inner) if inner else [name]


_FRAME: Final = frozenset(
    {"id", "type", "status", "call_id", "approval_request_id", "execution", "created_by", "acknowledged_safety_checks"}
)
_RESULTS: Final = ("results", "outputs", "output", "result", "error", "tools")
_NOT_ARGUMENTS: Final = frozenset(
    {*_FRAME, *_RESULTS, "name", "container_id", "pending_safety_checks", "output_format", "approval_request_id"}
)
