"""Calls that are no difference of their conversation: made once too often, or grouped under another label."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace

from pytest_llmtrace._compare.calls.fingerprints import TurnPrint
from pytest_llmtrace._compare.conversations.paired import PairedConversation


def surplus(golden: Sequence[Sequence[TurnPrint]], observed: Sequence[Sequence[TurnPrint]]) -> list[TurnPrint]:
    """Requests that replay had no answer for because they had been made as often as they were recorded."""
    missed = [one for prints in observed for one in prints if one.missed]
    if not missed:
        return []
    sizes = {(one.head, len(one.keys)) for one in missed}  # others cannot be equal: their digests are not needed
    recorded, made = (
        Counter(
            one.request for prints in side for one in prints if not one.missed and (one.head, len(one.keys)) in sizes
        )
        for side in (golden, observed)
    )
    return [one for one in missed if 0 < recorded[one.request] <= made[one.request]]


def named_like_recorded(requests: Sequence[TurnPrint], golden: Sequence[Sequence[TurnPrint]]) -> list[TurnPrint]:
    """Requests that were made too often, each with the label and the number of the recorded turn that it repeats."""
    recorded = {one.request: one for prints in golden for one in prints} if requests else {}
    twins = [recorded[one.request] for one in requests]
    return [
        replace(one, label=twin.label, number=max(one.number, twin.number))
        for one, twin in zip(requests, twins, strict=True)
    ]


def forget_regrouped(paired: Sequence[PairedConversation]) -> None:
    """A call that is missing in one conversation and was made, entirely equal, under another label is no difference.

    Labels that came or went group the same calls in another way.
    """
    if not any(one.turns.missing for one in paired):
        return
    added: dict[tuple[str, str], deque[tuple[PairedConversation, int]]] = {}
    for conversation in paired:
        for other in conversation.turns.added:
            turn = conversation.observed[other]
            added.setdefault((turn.request, turn.reply), deque()).append((conversation, other))
    for conversation in paired if added else ():
        for one in list(conversation.turns.missing):
            turn = conversation.golden[one]
            waiting = added.get((turn.request, turn.reply))
            if not waiting:
                continue
            elsewhere, other = waiting[0]
            if _labels(turn) != _labels(elsewhere.observed[other]):
                waiting.popleft()
                conversation.turns.missing.remove(one)
                elsewhere.turns.added.remove(other)


def _labels(turn: TurnPrint) -> tuple[str | None, str | None]:
    return turn.call.session, turn.call.agent
