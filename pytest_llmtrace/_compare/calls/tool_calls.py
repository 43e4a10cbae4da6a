"""Two sequences of tool calls against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pytest_llmtrace._compare.calls.lens import Data
from pytest_llmtrace._compare.differences.align import align, gaps
from pytest_llmtrace._compare.differences.changes import Change, data_changes, tool_key
from pytest_llmtrace._compare.policies.policy import Match
from pytest_llmtrace._compare.rules.tool_arguments import Tools, same_calls
from pytest_llmtrace._model.canonical import canonical_json, digest

_NO_TOOLS: Final[Tools] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDifference:
    """A difference, its path within the tool call, and the positions of that call on both sides."""

    change: Change
    golden: int | None = None
    observed: int | None = None


def tool_differences(
    golden: Sequence[Data], observed: Sequence[Data], match: Match = "strict", tools: Tools = _NO_TOOLS
) -> list[ToolDifference]:
    """What differs between two sequences of tool calls (``{"name", "arguments"}``).

    Equal calls are matched first. Equal calls in another order are one difference of kind `order` without positions,
    unless the order is free. Of the rest, calls of one name are compared; where the order counts, so are then the
    calls in the same place.

    Calls of a tool whose arguments are matched in a way of its own count as equal where they match; what differs in
    them is listed all the same, for whoever judges it by that way.
    """
    here = [digest(canonical_json(one)) for one in golden]
    there = [digest(canonical_json(one)) for one in observed]
    if here == there:
        return []
    alike = {other: one for other, one in same_calls(golden, observed, tools).items() if here[one] != there[other]}
    for other, one in alike.items():
        there[other] = here[one]
    found = [
        ToolDifference(change=change, golden=one, observed=other)
        for other, one in sorted(alike.items())
        for change in _changes(golden[one], observed[other])
    ]
    found.extend(_differences(golden, observed, here, there, match))
    return found


def _differences(
    golden: Sequence[Data], observed: Sequence[Data], here: Sequence[str], there: Sequence[str], match: Match
) -> list[ToolDifference]:
    if match != "strict":
        return _unordered(golden, observed, here, there, match)
    pairs = align(here, there)
    moved = _equal_pairs(
        _without(range(len(here)), {one for one, _ in pairs}),
        _without(range(len(there)), {other for _, other in pairs}),
        here,
        there,
    )
    found = [_reordered(golden, observed)] if moved else []
    moved_here, moved_there = {one for one, _ in moved}, {other for _, other in moved}
    for gap in gaps(pairs, (0, len(here), 0, len(there))):
        left_here = _without(range(gap[0], gap[1]), moved_here)
        left_there = _without(range(gap[2], gap[3]), moved_there)
        found.extend(_compared(golden, observed, left_here, left_there, in_place=True))
    return found


def _unordered(
    golden: Sequence[Data], observed: Sequence[Data], here: Sequence[str], there: Sequence[str], match: Match
) -> list[ToolDifference]:
    pairs = _equal_pairs(range(len(here)), range(len(there)), here, there)
    left_here = _without(range(len(here)), {one for one, _ in pairs})
    left_there = _without(range(len(there)), {other for _, other in pairs})
    found = _compared(golden, observed, left_here, left_there, in_place=False)
    if match == "subset":
        return [one for one in found if one.observed is not None]
    if match == "superset":
        return [one for one in found if one.golden is not None]
    return found


def _compared(
    golden: Sequence[Data], observed: Sequence[Data], here: list[int], there: list[int], *, in_place: bool
) -> list[ToolDifference]:
    pairs = _equal_pairs(here, there, [one["name"] for one in golden], [one["name"] for one in observed])
    here = _without(here, {one for one, _ in pairs})
    there = _without(there, {other for _, other in pairs})
    if in_place:
        both = min(len(here), len(there))
        pairs.extend(zip(here[:both], there[:both], strict=True))
        here, there = here[both:], there[both:]
    found: list[ToolDifference] = []
    for one, other in sorted(pairs):
        changes = _changes(golden[one], observed[other])
        found.extend(ToolDifference(change=change, golden=one, observed=other) for change in changes)
    found.extend(ToolDifference(change=_whole(golden[one], None), golden=one) for one in here)
    found.extend(ToolDifference(change=_whole(None, observed[other]), observed=other) for other in there)
    return found


def _changes(golden: Data, observed: Data) -> list[Change]:
    """Another tool with the same arguments differs in its name; with other arguments, as a whole."""
    keys = tuple(tool_key(one["name"], one.get("arguments")) for one in (golden, observed))
    if golden["name"] != observed["name"]:
        if keys[0][1] != keys[1][1]:
            return [_whole(golden, observed)]
        return data_changes("tool_call", "name", golden["name"], observed["name"], role="assistant", tools=keys)
    found: list[Change] = []
    for name in sorted(golden.keys() | observed.keys()):
        values = golden.get(name), observed.get(name)
        both = values if name == "arguments" else None
        about = {"role": "assistant", "scope": golden["name"], "tools": keys, "arguments": both}
        found.extend(data_changes("tool_call", name, *values, **about))
    return found


def _whole(golden: Data | None, observed: Data | None) -> Change:
    keys = tuple(tool_key(one["name"], one.get("arguments")) for one in (golden, observed) if one is not None)
    return Change(
        kind="tool_call",
        path="",
        golden=golden,
        observed=observed,
        role="assistant",
        place="tool_calls",
        tools=keys,
    )


def _reordered(golden: Sequence[Data], observed: Sequence[Data]) -> ToolDifference:
    """Names are enough where they tell the orders apart."""
    names = [one["name"] for one in golden], [one["name"] for one in observed]
    values = names if names[0] != names[1] else (list(golden), list(observed))
    change = Change(kind="order", path="", golden=values[0], observed=values[1], role="assistant", place="tool_calls")
    return ToolDifference(change=change)


def _equal_pairs(
    here: Sequence[int], there: Sequence[int], golden: Sequence[str], observed: Sequence[str]
) -> list[tuple[int, int]]:
    """Positions of equal items, the first with the first, whatever their order."""
    waiting: dict[str, list[int]] = {}
    for position in reversed(there):
        waiting.setdefault(observed[position], []).append(position)
    return [(position, waiting[golden[position]].pop()) for position in here if waiting.get(golden[position])]


def _without(positions: Sequence[int], taken: set[int]) -> list[int]:
    return [position for position in positions if position not in taken]
