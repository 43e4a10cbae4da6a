"""The differences between a golden and an observed trace, each cause once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pytest_llmtrace._compare.calls.fingerprints import Fingerprints
from pytest_llmtrace._compare.calls.lens import lens
from pytest_llmtrace._compare.conversations.fan_outs import gatherings
from pytest_llmtrace._compare.conversations.paired import PairedConversation
from pytest_llmtrace._compare.conversations.pairing import Pairing, candidate, pairings
from pytest_llmtrace._compare.conversations.positions import Positions
from pytest_llmtrace._compare.conversations.surplus import forget_regrouped, named_like_recorded, surplus
from pytest_llmtrace._compare.conversations.trajectories import compare_trajectories
from pytest_llmtrace._compare.differences.align import rising
from pytest_llmtrace._compare.differences.changes import Change
from pytest_llmtrace._compare.entries import compare_entries, entry_places
from pytest_llmtrace._compare.fold import Ledger, Place, Root
from pytest_llmtrace._compare.policies.policy import Policy
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.severities import DriftKind, Severity
from pytest_llmtrace._model.trace import Trace

_TRAJECTORY_KINDS: Final[tuple[DriftKind, ...]] = (
    "tool_call",
    "tool_result",
    "call_added",
    "call_missing",
    "order",
)
"""What is not judged call by call where tool calls are judged as one trajectory."""


def compare(
    golden: Trace, observed: Trace, policy: Policy, *, stopped: bool = False, ignored: bool = False
) -> tuple[Drift, ...]:
    """How an observed trace differs from the golden one, in golden order; empty where the policy sees no difference.

    `Drift.path` names a place within the call: ``model``, ``params.temperature``, ``tools.refund.parameters...``,
    ``messages[0].content`` (the position in the call's full history; in the observed one for what was added),
    ``output.content``, ``output.tool_calls[0].arguments.order_id``, ``finish_reason``, ``error.status``, ``status``;
    ``call`` for a whole call, ``turn`` and ``call`` for an order (values are positions, from 1),
    ``tool.NAME.result`` for an executed tool and ``event.NAME.data`` for an event. JSON in text is compared as JSON,
    with its path after that of the text. A side that has nothing at the path is `None`; where the other side is null,
    the path ends in `` (added)`` or `` (removed)``. A path that ends at a message, a tool or a tool call means the
    whole of it.

    `Drift.folded` counts the later turns, of any conversation, in which the same difference shows again, or that
    differ only because of a call that is missing, added or moved; `Drift.folded_at` names the first 100 of them.

    Args:
        golden: The accepted trace.
        observed: The trace of this run.
        policy: What counts.
        stopped: Whether a request without an answer ended the run: what it did not reach is no difference.
        ignored: Whether what the policy ignores is listed too, with severity `ignore`.
    """
    return _Comparison(golden, observed, policy, stopped=stopped).drifts(ignored=ignored)


class _Comparison:
    def __init__(self, golden: Trace, observed: Trace, policy: Policy, *, stopped: bool) -> None:
        self._golden, self._observed = golden, observed
        self._policy, self._stopped = policy, stopped
        self._by_trajectory = policy.view == "tools" or policy.match != "strict"
        self._fingerprints = Fingerprints(lens(policy))
        self._ledger = Ledger(_by_call(policy) if self._by_trajectory else policy)

    def drifts(self, *, ignored: bool) -> tuple[Drift, ...]:
        policy, ledger, stopped = self._policy, self._ledger, self._stopped
        paired, again = self._conversations()
        forget_regrouped(paired)
        passed = {at for conversation in paired for at in conversation.gathered} if stopped else set()
        aligned = [(conversation.golden, conversation.observed, conversation.turns) for conversation in paired]
        positions = Positions(len(self._observed.calls), aligned)
        for conversation in (*paired, *again):
            reached = any(one.at in passed for one in conversation.golden)
            conversation.settle(positions, stopped=stopped and not reached)
        for _, number, one, other in sorted(
            (positions.golden(conversation.golden[one]).position, number, one, other)
            for number, conversation in enumerate(paired)
            if not conversation.same
            for one, other in conversation.turns.aligned
        ):
            paired[number].compare(one, other, positions)
        if policy.order == "strict":
            self._compare_order(paired, positions)
        if policy.view == "calls":
            places = self._places(paired, positions)
            compare_entries(self._golden, self._observed, places, ledger, policy, stopped=stopped)
        if self._by_trajectory:
            compare_trajectories(paired, policy, self._fingerprints.lens, ledger, positions, stopped=stopped)
        return ledger.drifts(ignored=ignored)

    def _conversations(self) -> tuple[list[PairedConversation], list[PairedConversation]]:
        """The paired conversations, and requests that were made more often than they were recorded."""
        fingerprints, ledger = self._fingerprints, self._ledger
        golden = fingerprints.prints(self._golden.calls)
        observed = fingerprints.prints(self._observed.calls)
        too_many = surplus(golden, observed)
        if too_many:
            dropped = {one.at for one in too_many}
            observed = [fingerprints.settled([one for one in prints if one.at not in dropped]) for prints in observed]
        gathered = gatherings(self._golden.calls, golden), gatherings(self._observed.calls, observed)
        sides = [
            [candidate(prints, fingerprints, known) for prints in side if prints]
            for side, known in zip((golden, observed), gathered, strict=True)
        ]
        found = pairings(sides[0], sides[1], fingerprints)
        again = [Pairing(observed=[one]) for one in named_like_recorded(too_many, golden)]
        return (
            [PairedConversation(one, fingerprints, ledger, gathered) for one in found],
            [PairedConversation(one, fingerprints, ledger, again=True) for one in again],
        )

    def _places(
        self, paired: Sequence[PairedConversation], positions: Positions
    ) -> tuple[dict[int, Place], dict[int, Place]]:
        """For the entries of both sides that are no calls, the turn after which they came."""
        here = {one.at: positions.golden(one) for conversation in paired for one in conversation.golden}
        there = {one.at: positions.observed(one) for conversation in paired for one in conversation.observed}
        return entry_places(self._golden, here), entry_places(self._observed, there)

    def _compare_order(self, paired: Sequence[PairedConversation], positions: Positions) -> None:
        """Enter the conversations whose calls come at another place among those of the others; of a fan-out any may."""
        turns = {
            (conversation.golden[one].at + 1, conversation.observed[other].at + 1): conversation.golden[one]
            for conversation in paired
            for one, other in conversation.turns.pairs
            if conversation.golden[one].fan_out is None or conversation.observed[other].fan_out is None
        }
        kept = set(rising(sorted(turns)))
        roots: dict[str, Root] = {}
        for golden, observed in sorted(turns.keys() - kept):
            turn = turns[golden, observed]
            where = positions.golden(turn)
            if turn.label in roots:
                roots[turn.label].seen(where, again=True)
                continue
            change = Change(kind="order", path="call", golden=golden, observed=observed, place=f"calls of {turn.label}")
            roots[turn.label] = self._ledger.enter(change, where)


def _by_call(policy: Policy) -> Policy:
    """The policy for what is compared call by call, where tool calls are judged as trajectories."""
    severities: dict[DriftKind, Severity] = {**policy.severities, **dict.fromkeys(_TRAJECTORY_KINDS, "ignore")}
    return replace(policy, severities=severities)
