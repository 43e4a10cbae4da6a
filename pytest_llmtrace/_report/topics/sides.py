"""Golden and observed conversations side by side, and what became of each turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from pytest_llmtrace._model.conversations import Conversation, Turn
from pytest_llmtrace._model.verdict import Verdict

Status = Literal["ok", "drift", "added", "missing", "not reached", "not made"]


_NEW: Final = " (new)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """One conversation as it was recorded and as it was made; either may be absent."""

    label: str
    labels: frozenset[str]
    """The names under which a drift may speak of it: no two conversations share one."""
    golden: Conversation | None = None
    observed: Conversation | None = None

    @property
    def golden_turns(self) -> tuple[Turn, ...]:
        """The recorded turns."""
        return self.golden.turns if self.golden else ()

    @property
    def observed_turns(self) -> tuple[Turn, ...]:
        """The turns that were made."""
        return self.observed.turns if self.observed else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one turn, or of a run of turns."""

    status: Status
    turns: tuple[int, ...]
    """Numbers in the golden conversation; of an added call, in the observed one."""
    drifts: tuple[Mapping[str, Any], ...] = ()
    """Their data, where the status is `drift`, `added` or `missing`."""


def sides_of(verdict: Verdict, drifting: Sequence[str]) -> list[Sides]:
    """Every conversation once: golden ones with their partners, then new ones, then labels that only a drift names.

    A verdict does not say which conversations were compared with each other; partners are found much as the
    comparison finds them: by name, by opening, then by order. A history that was rewritten makes one conversation
    look like two; the rest of it joins the partner that has too few turns.

    Args:
        verdict: Both traces.
        drifting: The labels that the drifts name.
    """
    golden = verdict.golden or ()
    observed = [replace(one, label=_new(one)) if _new(one) in drifting else one for one in verdict.observed]
    alone = set(drifting) - {one.label for one in golden}  # what has a counterpart is called as that one is
    partners = _partners(golden, [one for one in observed if one.label not in alone])
    paired = {id(one) for one in partners.values()}
    unpaired = [one for one in observed if id(one) not in paired]
    new = [one for one in unpaired if one.label in drifting or not _joined(one, golden, partners)]
    taken = {one.label for one in golden}
    found = []
    for number, one in enumerate(golden):
        partner = partners.get(number)
        labels = {one.label} | ({partner.label} - taken if partner else set())
        taken |= labels
        found.append(Sides(label=one.label, labels=frozenset(labels), golden=one, observed=partner))
    for one in new:
        found.append(Sides(label=one.label, labels=frozenset({one.label} - taken), observed=one))
        taken.add(one.label)
    named = [label for label in dict.fromkeys(drifting) if label not in taken]
    return [*found, *(Sides(label=label, labels=frozenset((label,))) for label in named)]


def rows_of(
    sides: Sides, drifts: Sequence[Mapping[str, Any]], folded: set[int], *, stopped: bool, fewer: bool = False
) -> list[Row]:
    """The turns of one conversation in order, runs of quiet ones drawn together.

    A turn whose differences are folded into another one's has no row: it is named there.

    Args:
        sides: The conversation.
        drifts: Its differences, as data.
        folded: The turns in which differences of others show again.
        stopped: Whether a request without an answer ended the test.
        fewer: Whether calls were left out that the policy does not count as missing.
    """
    added = [drift for drift in drifts if drift["kind"] == "call_added"]
    changed = [drift for drift in drifts if drift["kind"] != "call_added"]
    by_turn: dict[int, list[Mapping[str, Any]]] = {}
    for drift in changed:
        by_turn.setdefault(drift["turn"], []).append(drift)
    reached = _reached(
        sides, [drift for drift in added if not is_elsewhere(sides, drift)], by_turn, cut_short=stopped or fewer
    )
    numbers = sorted({*range(1, len(sides.golden_turns) + 1), *by_turn})
    placed: list[tuple[int, int, Row]] = [
        (drift["turn"], 2 * is_elsewhere(sides, drift), Row(status="added", turns=(drift["turn"],), drifts=(drift,)))
        for drift in added
    ]
    for number in numbers:
        found = tuple(by_turn.get(number, ()))
        if found:
            missing = any(drift["kind"] == "call_missing" for drift in found)
            placed.append((number, 1, Row(status="missing" if missing else "drift", turns=(number,), drifts=found)))
        elif number not in folded:
            left: Status = "not reached" if stopped else "not made"
            placed.append((number, 1, Row(status="ok" if number <= reached else left, turns=(number,))))
    return list(_drawn_together(row for _, _, row in sorted(placed, key=lambda item: item[:2])))


def is_elsewhere(sides: Sides, drift: Mapping[str, Any]) -> bool:
    """Whether an added call repeats a turn of this conversation without being a turn of it."""
    again = isinstance(drift["observed"], Mapping) and "again" in drift["observed"]
    at = drift["turn"] - 1
    return again and not (at < len(sides.observed_turns) and sides.observed_turns[at].call.status == "missed")


def _new(conversation: Conversation) -> str:
    """What the comparison calls a conversation without a counterpart, where a golden one has its label."""
    return conversation.label + _NEW


def _partners(golden: Sequence[Conversation], observed: Sequence[Conversation]) -> dict[int, Conversation]:
    """The observed partner of each golden conversation that has one, by position."""
    partners: dict[int, Conversation] = {}
    used: set[int] = set()
    for key in (
        _name,
        lambda one: (one.agent, one.opening, _model(one)),
        lambda one: (one.agent, one.opening),
        lambda one: (one.agent, _model(one)),
        lambda one: one.agent or "",
    ):
        waiting: dict[object, deque[Conversation]] = {}
        for one in observed:
            if id(one) not in used:
                waiting.setdefault(key(one), deque()).append(one)
        for number, one in enumerate(golden):
            wanted = key(one)
            if number not in partners and wanted is not None and waiting.get(wanted):
                partners[number] = waiting[wanted].popleft()
                used.add(id(partners[number]))
    return partners


def _joined(rest: Conversation, golden: Sequence[Conversation], partners: dict[int, Conversation]) -> bool:
    """Add the turns of a conversation without a partner to the first of its agent that has too few of them."""
    for number, partner in partners.items():
        if partner.agent == rest.agent and len(golden[number].turns) > len(partner.turns):
            partners[number] = replace(partner, turns=(*partner.turns, *rest.turns))
            return True
    return False


def _model(conversation: Conversation) -> str:
    return conversation.turns[0].call.model


def _name(conversation: Conversation) -> str | None:
    """The label that the application gave; a number that was given here tells nothing."""
    return conversation.label if conversation.agent or conversation.session else None


def _reached(
    sides: Sides, added: Sequence[object], by_turn: Mapping[int, Sequence[Mapping[str, Any]]], *, cut_short: bool
) -> int:
    """The last golden turn that the test got to."""
    if not cut_short:
        return len(sides.golden_turns)
    missing = [drift for drifts in by_turn.values() for drift in drifts if drift["kind"] == "call_missing"]
    return max(len(sides.observed_turns) - len(added) + len(missing), *by_turn, 0)


def _drawn_together(rows: Iterator[Row]) -> Iterator[Row]:
    run: Row | None = None
    for row in rows:
        if run is not None and not row.drifts and (row.status, row.turns[0]) == (run.status, run.turns[-1] + 1):
            run = Row(status=run.status, turns=(*run.turns, *row.turns))
            continue
        if run is not None:
            yield run
            run = None
        if row.drifts:
            yield row
        else:
            run = row
    if run is not None:
        yield run
