"""What differs between two messages of the same role, or is there on one side only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_llmtrace._compare.align import align, gaps
from pytest_llmtrace._compare.changes import ROLE_KINDS, Change, Side, data_changes, tool_key, value_changes
from pytest_llmtrace._compare.lens import Data
from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.findings import DriftKind
from pytest_llmtrace._model.messages import FIELDS


def message_changes(golden: Data, observed: Data, *, tool: str = "") -> list[Change]:
    """The differences of two messages of one role, as a lens shows them.

    Args:
        golden: The recorded message.
        observed: The one in its place.
        tool: Name of the tool that the messages are results of.
    """
    role = str(golden.get("role"))
    kind = kind_of_role(role)
    found: list[Change] = []
    names = [name for name in FIELDS if name in golden or name in observed]
    names.extend(sorted((golden.keys() | observed.keys()).difference(FIELDS)))
    for name in names:
        if name == "tool_calls":
            found.extend(tool_call_changes(golden.get(name) or [], observed.get(name) or []))
        elif name != "role":
            found.extend(
                value_changes(kind, name, golden.get(name), observed.get(name), role=role, scope=tool)
            )
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


def tool_call_changes(golden: Sequence[Data], observed: Sequence[Data]) -> list[Change]:
    """The differences of the tool calls of two assistant messages.

    Equal calls are matched first; equal calls in another order are `order`; of the rest, those of one name are
    compared, then those in the same place.
    """
    here = [digest(canonical_json(one)) for one in golden]
    there = [digest(canonical_json(one)) for one in observed]
    if here == there:
        return []
    pairs = align(here, there)
    left_here = _without(range(len(here)), {one for one, _ in pairs})
    left_there = _without(range(len(there)), {other for _, other in pairs})
    moved = _equal_pairs(left_here, left_there, here, there)
    found = [_reordered(golden, observed)] if moved else []
    moved_here, moved_there = {one for one, _ in moved}, {other for _, other in moved}
    for gap in gaps(pairs, (0, len(here), 0, len(there))):
        found.extend(
            _gap_changes(
                golden, observed, _without(range(*gap[:2]), moved_here), _without(range(*gap[2:]), moved_there)
            )
        )
    return found


def tool_changes(path: str, golden: Data, observed: Data) -> list[Change]:
    """The differences of two tool calls, under the path of the golden one.

    Another tool with the same arguments differs in its name; with other arguments, as a whole.
    """
    role = "assistant"
    keys = tuple(tool_key(one["name"], one.get("arguments")) for one in (golden, observed))
    if golden["name"] != observed["name"]:
        same = keys[0][1] == keys[1][1]
        return [
            Change(
                kind="tool_call",
                path=f"{path}.name" if same else path,
                golden=golden["name"] if same else golden,
                observed=observed["name"] if same else observed,
                role=role,
                place="name" if same else "tool_calls",
                tools=keys,
            )
        ]
    found: list[Change] = []
    for name in sorted(golden.keys() | observed.keys()):
        found.extend(
            Change(
                kind="tool_call",
                path=f"{path}.{one.path}",
                golden=one.golden,
                observed=one.observed,
                role=role,
                scope=golden["name"],
                place=one.path,
                tools=keys,
            )
            for one in data_changes("tool_call", name, golden.get(name), observed.get(name))
        )
    return found


def whole_tool_call(path: str, call: Data, side: Side) -> Change:
    """A tool call that is on one side only."""
    return Change(
        kind="tool_call",
        path=path,
        golden=call if side == "golden" else None,
        observed=call if side == "observed" else None,
        role="assistant",
        place="tool_calls",
        tools=(tool_key(call["name"], call.get("arguments")),),
    )


def kind_of_role(role: str) -> DriftKind:
    """What a change of a message of that role is called."""
    return ROLE_KINDS.get(role, "user")


def shown(message: Data) -> Any:
    """A whole message as the value of a finding: its text or its tool calls where it is nothing else."""
    rest = {name: value for name, value in message.items() if name != "role"}
    if len(rest) == 1:
        return rest.get("content") or rest.get("tool_calls") or message
    return message


def _gap_changes(
    golden: Sequence[Data], observed: Sequence[Data], here: list[int], there: list[int]
) -> list[Change]:
    pairs = _equal_pairs(here, there, [one["name"] for one in golden], [one["name"] for one in observed])
    here = _without(here, {one for one, _ in pairs})
    there = _without(there, {other for _, other in pairs})
    both = min(len(here), len(there))
    pairs.extend(zip(here[:both], there[:both], strict=True))
    found: list[Change] = []
    for one, other in sorted(pairs):
        found.extend(tool_changes(f"tool_calls[{one}]", golden[one], observed[other]))
    found.extend(whole_tool_call(f"tool_calls[{position}]", golden[position], "golden") for position in here[both:])
    found.extend(
        whole_tool_call(f"tool_calls[{position}]", observed[position], "observed") for position in there[both:]
    )
    return found


def _reordered(golden: Sequence[Data], observed: Sequence[Data]) -> Change:
    names = [one["name"] for one in golden], [one["name"] for one in observed]
    values = names if names[0] != names[1] else (list(golden), list(observed))
    return Change(
        kind="order", path="tool_calls", golden=values[0], observed=values[1], role="assistant", place="tool_calls"
    )


def _equal_pairs(
    here: Sequence[int], there: Sequence[int], golden: Sequence[str], observed: Sequence[str]
) -> list[tuple[int, int]]:
    """Positions with equal items, the first with the first, whatever their order."""
    waiting: dict[str, list[int]] = {}
    for position in reversed(there):
        waiting.setdefault(observed[position], []).append(position)
    return [(position, waiting[golden[position]].pop()) for position in here if waiting.get(golden[position])]


def _without(positions: Sequence[int], taken: set[int]) -> list[int]:
    return [position for position in positions if position not in taken]
