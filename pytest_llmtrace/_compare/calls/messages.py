"""What differs between two messages of the same role, or is there on one side only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_llmtrace._compare.calls.lens import Data
from pytest_llmtrace._compare.calls.tool_calls import tool_differences
from pytest_llmtrace._compare.differences.changes import ROLE_KINDS, Change, Side, tool_key, value_changes
from pytest_llmtrace._compare.rules.tool_arguments import Tools
from pytest_llmtrace._model.messages import FIELDS
from pytest_llmtrace._model.severities import DriftKind


def message_changes(golden: Data, observed: Data, tools: Tools, *, tool: str = "") -> list[Change]:
    """The differences of two messages of one role, as a lens shows them.

    Args:
        golden: The recorded message.
        observed: The one in its place.
        tools: How the arguments of tools are matched.
        tool: Name of the tool that the messages are results of.
    """
    role = str(golden.get("role"))
    kind = kind_of_role(role)
    found: list[Change] = []
    names: list[str] = [name for name in FIELDS if name in golden or name in observed]
    names.extend(sorted((golden.keys() | observed.keys()).difference(FIELDS)))
    for name in names:
        if name == "tool_calls":
            found.extend(tool_call_changes(golden.get(name) or [], observed.get(name) or [], tools))
        elif name != "role":
            found.extend(value_changes(kind, name, golden.get(name), observed.get(name), role=role, scope=tool))
    return found


def whole_message(message: Data, side: Side, *, tool: str = "") -> Change:
    """A message that is on one side only."""
    role = str(message.get("role"))
    calls = message.get("tool_calls") or []
    return Change(
        kind="tool_call" if calls else kind_of_role(role),
        path="",
        golden=shown(message) if side == "golden" else None,
        observed=shown(message) if side == "observed" else None,
        role=role,
        scope=tool,
        place="message",
        tools=tuple(tool_key(one["name"], one.get("arguments")) for one in calls),
    )


def tool_call_changes(golden: Sequence[Data], observed: Sequence[Data], tools: Tools) -> list[Change]:
    """The differences of the tool calls of two assistant messages."""
    found = []
    for one in tool_differences(golden, observed, tools=tools):
        position = one.golden if one.golden is not None else one.observed
        found.append(one.change.under("tool_calls" if position is None else f"tool_calls[{position}]"))
    return found


def kind_of_role(role: str) -> DriftKind:
    """What a change of a message of that role is called."""
    return ROLE_KINDS.get(role, "user")


def shown(message: Data) -> Any:
    """A whole message as the value of a finding: its text or its tool calls where it is nothing else."""
    rest = {name: value for name, value in message.items() if name != "role"}
    if len(rest) == 1:
        return rest.get("content") or rest.get("tool_calls") or message
    return message
