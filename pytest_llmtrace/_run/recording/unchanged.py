"""Whether a recording differs from the one before by nothing but what rules absorb: then its files stay."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_llmtrace._compare.policies.policy import Policy
from pytest_llmtrace._store.golden_file import Golden

if TYPE_CHECKING:
    from pytest_llmtrace._run.owner import OwnerRun


def same_by_rules(run: OwnerRun, new: Golden) -> bool:
    """Whether the owner's `normalize` rules make the new recording equal to what the files hold.

    They hold one as good then: its tape answers the same requests. What the policy ignores or tolerates otherwise is
    written, since a golden trace says what was sent.
    """
    policy = run.plan.policy
    old = run.old.golden() if run.old.golden_exists else None
    if old is None or not (policy.normalize or policy.numbers or policy.unordered):
        return False
    kept = len(run.old.interactions) == len(run.recorded()) and run.old.borrowed is None
    plain = all(one.source == "tape" or one.is_llm for one in run.recorder.exchanges)
    if not (kept and plain and run.old.is_whole) or (old.privacy, _amounts(old)) != (new.privacy, _amounts(new)):
        return False
    if _labels(old) != _labels(new) or len(old.trace.executions) != len(new.trace.executions):
        return False
    from pytest_llmtrace._compare.drift import compare  # noqa: PLC0415  # only where that far nothing differs

    rules = Policy(normalize=policy.normalize, numbers=policy.numbers, unordered=policy.unordered, order="strict")
    return not compare(old.trace, new.trace, rules)


def _labels(golden: Golden) -> Counter[tuple[str | None, str | None]]:
    return Counter((call.session, call.agent) for call in golden.trace.calls)


def _amounts(golden: Golden) -> tuple[object, ...]:
    """What the file says about tokens and money."""
    amounts = golden.totals
    return amounts.calls, amounts.usage, amounts.unpriced_calls, round(amounts.priced_usd, 9)
