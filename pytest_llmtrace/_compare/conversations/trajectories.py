"""The tool calls of a conversation as one trajectory, whatever the turns in which they happen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_llmtrace._compare.calls.fingerprints import TurnPrint
from pytest_llmtrace._compare.calls.lens import Data, Lens
from pytest_llmtrace._compare.calls.tool_calls import tool_differences
from pytest_llmtrace._compare.conversations.paired import PairedConversation
from pytest_llmtrace._compare.conversations.positions import Positions
from pytest_llmtrace._compare.fold import Ledger, Place
from pytest_llmtrace._compare.policies.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One tool call of a trajectory."""

    call: Data
    where: Place
    position: int
    """Among the tool calls of its answer."""


def compare_trajectories(
    paired: Iterable[PairedConversation],
    policy: Policy,
    lens: Lens,
    ledger: Ledger,
    positions: Positions,
    *,
    stopped: bool,
) -> None:
    """Enter the differences of the tool calls of each conversation, by the policy's match mode.

    Args:
        paired: The conversations.
        policy: Its match mode and severities.
        lens: What of a tool call is compared.
        ledger: Where differences are entered.
        positions: Of the calls of both sides.
        stopped: Whether the observed side ended early: only answers that came are compared.
    """
    for conversation in paired:
        if conversation.same:
            continue
        answered = {one for one, other in conversation.turns.aligned if not conversation.observed[other].missed}
        golden = [turn for one, turn in enumerate(conversation.golden) if not stopped or one in answered]
        here = [step for turn in golden for step in _steps(turn, lens, positions.golden(turn))]
        there = [step for turn in conversation.observed for step in _steps(turn, lens, positions.observed(turn))]
        _compare(here, there, policy, ledger)


def _compare(golden: Sequence[_Step], observed: Sequence[_Step], policy: Policy, ledger: Ledger) -> None:
    calls = [step.call for step in golden], [step.call for step in observed]
    differences = tool_differences(*calls, policy.match, policy.tools)
    for one in differences:
        if one.golden is not None:
            step: _Step | None = golden[one.golden]
        else:
            step = observed[one.observed] if one.observed is not None else None
        where = (step or golden[0]).where
        path = f"output.tool_calls[{step.position}]" if step is not None else "output.tool_calls"
        change = replace(one.change, place=f"trajectory {where.conversation} {one.change.place}").under(path)
        ledger.enter(change, where, policy.severity(change.kind))


def _steps(turn: TurnPrint, lens: Lens, where: Place) -> list[_Step]:
    output = turn.call.output
    calls = lens.message(output).get("tool_calls") or [] if output is not None else []
    return [_Step(call=call, where=where, position=position) for position, call in enumerate(calls)]
