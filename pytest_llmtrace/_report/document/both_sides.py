"""The conversations of one owner as plain data: those that were made, and beside them those that were recorded.

What the HTML report needs beyond the entries: which calls make which conversation, what each turn brought, and the
golden turns, which alone show what a test that was stopped would have gone on to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_llmtrace._model.belonging import Beside, entries_of_calls
from pytest_llmtrace._model.conversations import Conversation, Turn, conversations
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.document.entries import Tables, packed_entries
from pytest_llmtrace._report.topics.sides import Sides, is_elsewhere, sides_of


def packed_sides(trace: Trace, verdict: Verdict) -> dict[str, Any]:
    """The packed entries of a trace with `conversations`, and where a golden trace was read `golden` and `sides`.

    ``{"messages", "tools", "entries", "conversations": [{"label", "id", "agent", "session", "turns": [...]}]}``: a turn
    names its `entry` by position, the turn that it `follows`, how many messages it has `repeated` from there, how that
    history was `rewritten`, and which executions and events came `then`; those before any call are in `before`.
    `golden` has the same keys and shares `messages` and `tools`. `sides` pairs them by position:
    ``{"label", "labels", "golden", "observed", "pairs"}``, where `labels` are the names that findings use, and `pairs`
    has for each golden turn the number of the observed one in its place, or null.
    """
    tables = Tables()
    packed = packed_entries(trace, tables)
    observed = conversations(trace.calls)
    before, after = entries_of_calls(trace.entries)
    positions = _positions(trace)
    packed["before"] = [positions[id(entry)] for entry in before]
    packed["conversations"] = _conversations(observed, positions, after)
    if verdict.golden is None:
        return packed
    recorded = Trace(owner=trace.owner, entries=verdict.golden_calls or _one_by_one(verdict.golden))
    golden = packed_entries(recorded, tables)
    packed["golden"] = {
        "entries": golden["entries"],
        "conversations": _conversations(verdict.golden, _positions(recorded), {}),
    }
    packed["sides"] = _sides(replace(verdict, observed=observed), observed)
    packed["stopped"] = verdict.stopped
    return packed


def _one_by_one(golden: Iterable[Conversation]) -> tuple[LLMCall, ...]:
    return tuple(turn.call for conversation in golden for turn in conversation.turns)


def _positions(trace: Trace) -> Mapping[int, int]:
    return {id(entry): position for position, entry in enumerate(trace.entries)}


def _conversations(
    found: Iterable[Conversation], positions: Mapping[int, int], after: Mapping[int, Sequence[Beside]]
) -> list[dict[str, Any]]:
    return [
        {
            "label": one.label,
            "id": one.id,
            "agent": one.agent,
            "session": one.session,
            "turns": [
                _turn(turn, positions[id(turn.call)])
                | {"then": [positions[id(entry)] for entry in after.get(id(turn.call), ())]}
                for turn in one.turns
            ],
        }
        for one in found
    ]


def _turn(turn: Turn, entry: int) -> dict[str, Any]:
    rewritten = turn.rewritten
    return {
        "entry": entry,
        "follows": turn.follows,
        "repeated": turn.repeated,
        "rewritten": rewritten
        and {"kind": rewritten.kind, "dropped": len(rewritten.dropped), "inserted": list(rewritten.inserted)},
    }


def _sides(verdict: Verdict, observed: Sequence[Conversation]) -> list[dict[str, Any]]:
    """Which golden and observed conversation belong together; an observed one that was joined counts as it began."""
    drifts = [finding for finding in verdict.findings if isinstance(finding, Drift)]
    golden_at = {one.id: position for position, one in enumerate(verdict.golden or ())}
    observed_at = {one.id: position for position, one in enumerate(observed)}
    return [
        {
            "label": one.label,
            "labels": sorted(one.labels),
            "golden": None if one.golden is None else golden_at[one.golden.id],
            "observed": None if one.observed is None else observed_at[one.observed.id],
            "pairs": _pairs(one, drifts),
        }
        for one in sides_of(
            verdict, [label for label in dict.fromkeys(drift.conversation for drift in drifts) if label]
        )
    ]


def _pairs(sides: Sides, drifts: Iterable[Drift]) -> list[int | None]:
    """For each golden turn the observed one: in order, but for those that are missing and those that were added."""
    mine = [drift for drift in drifts if drift.conversation in sides.labels]
    missing = {drift.turn for drift in mine if drift.kind == "call_missing"}
    added = {
        drift.turn
        for drift in mine
        if drift.kind == "call_added" and not is_elsewhere(sides, {"turn": drift.turn, "observed": drift.observed})
    }
    made = (number for number in range(1, len(sides.observed_turns) + 1) if number not in added)
    return [None if number in missing else next(made, None) for number in range(1, len(sides.golden_turns) + 1)]
