"""What it takes to accept what a test did: new answers or not, how many live calls, and about what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pytest_llmtrace._capture.llm_requests import is_llm_request
from pytest_llmtrace._model.findings import Drift, Finding
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._run.recording import saving
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace.errors import LlmtraceError

if TYPE_CHECKING:
    from pytest_llmtrace._run.owner import OwnerRun


def needs_new_answers(run: OwnerRun, findings: Sequence[Finding]) -> bool:
    """Whether a tape that another plugin keeps holds answers to other requests than those that would be accepted."""
    sent = any(isinstance(one, Drift) and one.severity == "fail" and one.kind in _SENT for one in findings)
    return bool(run.recorder.misses) or run.plan.mode == "live" or sent


@frozen
class Accepting:
    """What it takes to accept what was observed."""

    calls: int
    """Live calls, at least."""
    usd: float | None
    """About what those would cost; `None`: not known."""
    paid: int = 0
    """Answers in the journal, which come first."""


def accepting(run: OwnerRun, golden: Golden | None, *, stopped: bool, anew: bool) -> Accepting:
    """How many live calls it would take to accept what was observed, at least, and about what they would cost."""
    llm_misses = sum(1 for one in run.recorder.misses if one.is_llm)
    if run.went_on and not llm_misses:
        costs = [run.spending.price(one) for one in run.went_on]
        known = [cost for cost in costs if cost is not None]
        return Accepting(calls=len(costs), usd=sum(known) if len(known) == len(costs) else None)
    paid = _paid(run)
    if golden is None:
        return Accepting(calls=llm_misses, usd=None, paid=paid)
    if run.plan.mode == "live":  # what is on the tape is not what was observed
        return Accepting(calls=len(golden.trace.calls), usd=totals(golden.trace.calls).cost_usd)
    if anew:  # the plugin that keeps the tape records the whole test anew
        calls = max(llm_misses, len(golden.trace.calls))
        return Accepting(calls=calls, usd=totals(golden.trace.calls).cost_usd)
    answered = sum(1 for one in run.recorder.exchanges if one.is_llm and one.source == "tape" and not one.missed)
    waiting = golden.trace.calls[answered:] if stopped and llm_misses else golden.trace.calls[:0]
    count = max(0, max(llm_misses, len(waiting)) - paid)
    if not count:
        return Accepting(calls=0, usd=0.0, paid=paid)
    return Accepting(calls=count, usd=totals(waiting[paid:]).cost_usd if waiting[paid:] else None, paid=paid)


def _paid(run: OwnerRun) -> int:
    """The answers that a recording which was cut short left in the journal, where what was missed is among them."""
    missed = next((one for one in run.recorder.misses if one.is_llm), None)
    if missed is None or run.plan.mode == "live" or not run.plan.tapes:
        return 0
    try:
        waiting = saving.journalled(run.plan, run.old.redactor)
    except LlmtraceError:  # recording says what is wrong with it
        return 0
    keys = [one.key for one in waiting if is_llm_request(one.request)]
    return len(keys) if missed.key in keys else 0


_SENT: Final = frozenset({"model", "params", "tools", "prompt", "user", "tool_result", "call_added"})
"""What is different about requests, and not about answers."""
