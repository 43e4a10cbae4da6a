"""What it takes to accept what a test did: new answers or not, how many live calls, and about what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pytest_llmtrace._model.findings import Drift, Finding
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._store.golden_file import Golden

if TYPE_CHECKING:
    from pytest_llmtrace._run.owner import OwnerRun


def needs_new_answers(run: OwnerRun, findings: Sequence[Finding]) -> bool:
    """Whether a tape that another plugin keeps holds answers to other requests than those that would be accepted."""
    sent = any(isinstance(one, Drift) and one.severity == "fail" and one.kind in _SENT for one in findings)
    return bool(run.recorder.misses) or run.plan.mode == "live" or sent


def accepting(run: OwnerRun, golden: Golden | None, *, stopped: bool, anew: bool) -> tuple[int, float | None]:
    """How many live calls it would take to accept what was observed, at least, and about what they would cost."""
    llm_misses = sum(1 for one in run.recorder.misses if one.is_llm)
    if run.went_on and not llm_misses:
        costs = [run.price(one)[1] for one in run.went_on]
        known = [cost for cost in costs if cost is not None]
        return len(costs), sum(known) if len(known) == len(costs) else None
    if golden is None:
        return llm_misses, None
    if run.plan.mode == "live":  # what is on the tape is not what was observed
        return len(golden.trace.calls), totals(golden.trace.calls).cost_usd
    if anew:  # the plugin that keeps the tape records the whole test anew
        return max(llm_misses, len(golden.trace.calls)), totals(golden.trace.calls).cost_usd
    answered = sum(1 for one in run.recorder.exchanges if one.is_llm and one.source == "tape" and not one.missed)
    waiting = golden.trace.calls[answered:] if stopped and llm_misses else golden.trace.calls[:0]
    count = max(llm_misses, len(waiting))
    if not count:
        return 0, 0.0
    return count, totals(waiting).cost_usd if waiting else None


_SENT: Final = frozenset({"model", "params", "tools", "prompt", "user", "tool_result", "call_added"})
"""What is different about requests, and not about answers."""
