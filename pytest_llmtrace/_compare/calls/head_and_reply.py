"""What differs between two calls apart from their histories: model, parameters, tools, and what came back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._compare.calls.lens import Data, Lens
from pytest_llmtrace._compare.calls.messages import message_changes, whole_message
from pytest_llmtrace._compare.differences.changes import Change, ToolKey, data_changes, tool_key
from pytest_llmtrace._compare.differences.values import path_text
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import LLMCall

_SHORT: Final = 200
"""Characters of a text in the description of a call."""


def head_changes(golden: Data, observed: Data) -> list[Change]:
    """The differences of model, operation, parameters and tools, as a lens shows them."""
    same_provider = golden.get("provider") == observed.get("provider")
    models = (golden.get("model"), observed.get("model")) if same_provider else (_name(golden), _name(observed))
    found = data_changes("model", "model", *models)
    found.extend(data_changes("params", "operation", golden.get("operation"), observed.get("operation")))
    found.extend(data_changes("params", "params", golden.get("params"), observed.get("params")))
    found.extend(_tools_changes(golden.get("tools") or [], observed.get("tools") or []))
    return found


def reply_changes(golden: LLMCall, observed: LLMCall, lens: Lens) -> list[Change]:
    """The differences of what came back, of which there are some: message, finish reason, error, status."""
    here, there = lens.ending(golden), lens.ending(observed)
    found = _error_changes(here, there)
    if not found or (golden.output is None) == (observed.output is None):
        found.extend(one.under("output") for one in _output_changes(golden.output, observed.output, lens))
    asks = bool(_asked(golden, lens)), bool(_asked(observed, lens))
    if any(one.kind == "error" for one in found) or (found and asks[0] != asks[1]):
        return found  # the finish reason follows from that
    found.extend(data_changes("output", "finish_reason", here.get("finish_reason"), there.get("finish_reason")))
    if not found and golden.output is not None and observed.output is not None:
        # What no field shows (numbers that are equal and spelled in two ways) is one difference of the whole.
        both = golden.output, observed.output
        found.append(Change(kind="output", path="output", golden=dict(both[0]), observed=dict(both[1]), place="whole"))
    return found


def described(call: LLMCall, lens: Lens) -> dict[str, Any]:
    """A call in short: its model, what it was last told, and what it answered."""
    text: dict[str, Any] = {"model": call.name}
    if call.messages:
        said = next((one for one in reversed(call.messages) if one["role"] == "user"), call.messages[-1])
        text[str(said["role"])] = _short(said.text)
    tools = [tool["name"] for tool in _asked(call, lens)]
    if tools:
        text["tool_calls"] = tools
    elif call.output is not None and call.output.text:
        text["output"] = _short(call.output.text)
    return text


def tools_asked(call: LLMCall, lens: Lens) -> tuple[ToolKey, ...]:
    """The tool calls that an answer asks for."""
    return tuple(tool_key(one["name"], one.get("arguments")) for one in _asked(call, lens))


def _name(head: Data) -> str:
    return "/".join(str(head[name]) for name in ("provider", "model") if head.get(name))


def _error_changes(golden: Data, observed: Data) -> list[Change]:
    one, other = golden.get("error"), observed.get("error")
    if one and other:
        return data_changes("error", "error", one, other)
    if one or other:
        return [Change(kind="error", path="error", golden=one, observed=other, place="error")]
    return data_changes("error", "status", golden["status"], observed["status"])


def _output_changes(golden: Message | None, observed: Message | None, lens: Lens) -> list[Change]:
    if golden is not None and observed is not None:
        return message_changes(lens.message(golden), lens.message(observed), lens.tools)
    if golden is not None:
        return [whole_message(lens.message(golden), "golden")]
    if observed is not None:
        return [whole_message(lens.message(observed), "observed")]
    return []


def _asked(call: LLMCall, lens: Lens) -> list[Data]:
    return (lens.message(call.output).get("tool_calls") or []) if call.output is not None else []


def _short(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"


def _tools_changes(golden: Sequence[Data], observed: Sequence[Data]) -> list[Change]:
    here, there = _by_name(golden), _by_name(observed)
    renamed = _renamed(here, there)
    found: list[Change] = []
    for name, tool in here.items():
        path = f"tools{path_text((name,))}"
        if name in renamed:
            found.extend(data_changes("tools", f"{path}.name", name, renamed[name]))
            found.extend(_tool_changes(path, _unnamed(tool), _unnamed(there[renamed[name]])))
        elif name in there:
            found.extend(_tool_changes(path, tool, there[name]))
        else:
            found.append(Change(kind="tools", path=path, golden=tool, place=path))
    for name, tool in there.items():
        if name not in here and name not in renamed.values():
            path = f"tools{path_text((name,))}"
            found.append(Change(kind="tools", path=path, observed=tool, place=path))
    both = [renamed.get(name, name) for name in here if renamed.get(name, name) in there]
    after = [name for name in there if name in set(both)]
    if both != after:
        found.append(Change(kind="tools", path="tools", golden=list(here), observed=list(there), place="tools"))
    return found


def _tool_changes(path: str, golden: Any, observed: Any) -> list[Change]:
    """The differences of two schemas of one tool; which parameters are required is a set."""
    here, there = _required(golden), _required(observed)
    if here is None or there is None or set(here) == set(there):
        return data_changes("tools", path, golden, observed)
    found = data_changes("tools", path, _without_required(golden), _without_required(observed))
    place = f"{path}.parameters.required"
    gone, new = [name for name in here if name not in there], [name for name in there if name not in here]
    found.extend(Change(kind="tools", path=place, place=place, golden=name) for name in gone)
    found.extend(Change(kind="tools", path=place, place=place, observed=name) for name in new)
    return found


def _required(tool: Any) -> list[str] | None:
    """The parameters that a tool requires; none where it says nothing, `None` where that is no list of names."""
    parameters = _parameters(tool)
    names = parameters.get("required", []) if isinstance(parameters, dict) else None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _without_required(tool: Data) -> Data:
    return {**tool, "parameters": {key: value for key, value in tool["parameters"].items() if key != "required"}}


def _by_name(tools: Sequence[Data]) -> dict[str, Data]:
    """Tools by name; a built-in one is known by its type, the second of a name by ``name#2``."""
    seen: Counter[str] = Counter()
    named = {}
    for tool in tools:
        name = str(tool.get("name") or tool.get("type") or "tool") if isinstance(tool, dict) else str(tool)
        seen[name] += 1
        named[name if seen[name] == 1 else f"{name}#{seen[name]}"] = tool
    return named


def _renamed(golden: Mapping[str, Data], observed: Mapping[str, Data]) -> dict[str, str]:
    """Tools that have another name and the same description and parameters, or the same parameters: old to new."""
    gone = [name for name in golden if name not in observed]
    new = [name for name in observed if name not in golden]
    renamed: dict[str, str] = {}
    for same in (_unnamed, _parameters):
        for old in gone:
            if old in renamed or not same(golden[old]):
                continue
            wanted = canonical_json(same(golden[old]))
            for name in new:
                if name not in renamed.values() and canonical_json(same(observed[name])) == wanted:
                    renamed[old] = name
                    break
    return renamed


def _unnamed(tool: Data) -> Any:
    return {key: value for key, value in tool.items() if key != "name"} if isinstance(tool, dict) else tool


def _parameters(tool: Data) -> Any:
    parameters = tool.get("parameters") if isinstance(tool, dict) else None
    return parameters if isinstance(parameters, dict) and parameters.get("properties") else None
