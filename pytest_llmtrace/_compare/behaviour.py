"""What a new recording does otherwise than the old golden trace, in short: tools that are asked for, and answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import Policy
from pytest_llmtrace._model.conversations import Conversation
from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace._model.trajectory import requested_tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What changed; empty where nothing did."""

    tools: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    """The names of the tools that were asked for, in order: before and now. `None`: the same."""
    outputs: tuple[tuple[str, int], ...] = ()
    """Conversation and turn of each answer that is another one."""


def behaviour_change(golden: Sequence[Conversation], observed: Sequence[Conversation], policy: Policy) -> Behaviour:
    """What changed, by the rules of a policy for what may differ, whatever it does not care about as a whole."""
    before, now = ([_tools(one) for one in side] for side in (golden, observed))
    whole = replace(policy, view="calls", match="strict", severities={})
    drifts = compare(_trace(golden), _trace(observed), whole)
    return Behaviour(
        tools=None if Counter(filter(None, before)) == Counter(filter(None, now)) else (_joined(before), _joined(now)),
        outputs=tuple(dict.fromkeys((one.conversation, one.turn) for one in drifts if one.kind == "output")),
    )


def _tools(conversation: Conversation) -> tuple[str, ...]:
    outputs = [turn.call.output for turn in conversation.turns]
    return tuple(tool.name for output in outputs if output is not None for tool in requested_tools(output))


def _joined(names: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(name for conversation in names for name in conversation)


def _trace(side: Sequence[Conversation]) -> Trace:
    return Trace(owner="", entries=tuple(turn.call for conversation in side for turn in conversation.turns))
