"""What may differ before it counts: an answer's wording, numbers, arguments of tools."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from typing import Final

from pytest_llmtrace._compare.differences.changes import Change
from pytest_llmtrace._compare.policies.policy import Policy
from pytest_llmtrace._compare.rules.dotted import Named
from pytest_llmtrace._compare.rules.numbers import near
from pytest_llmtrace._compare.rules.tool_arguments import agreed
from pytest_llmtrace._model.stand_ins import is_stand_in
from pytest_llmtrace.errors import SettingsError

_MOST_WORDS: Final = 2_000
"""Words up to which their order counts; beyond, only which words there are."""
_ROUNDING: Final = 1e-9
"""1 - 0.8 is 0.19999999999999996, 1 - 0.9 is 0.09999999999999998, but 1 - 0.7 is 0.30000000000000004."""


def accepted(change: Change, policy: Policy) -> bool:
    """Whether the policy tolerates a change. Raises: SettingsError where a function that it names cannot tell."""
    return (
        near(change, policy.numbers)
        or agreed(change, policy.tools)
        or _worded_alike(change, policy.text_tolerance, policy.text_scorer)
    )


def _worded_alike(change: Change, tolerance: float, scorer: Named | None) -> bool:
    """Whether the change is one of an answer's text, and the texts are as alike as is asked for."""
    if (tolerance <= 0 and scorer is None) or change.kind != "output":
        return False
    if not isinstance(change.golden, str) or not isinstance(change.observed, str) or change.place != "content":
        return False
    if is_stand_in(change.golden) or is_stand_in(change.observed):
        return False  # their words say nothing about those of the text
    score = None if scorer is None else scorer(change.golden, change.observed)
    if scorer is None or (score is None and scorer.may_abstain):
        return _words_agree(change.golden, change.observed, tolerance)
    if isinstance(score, bool):
        return score
    if not isinstance(score, (int, float)) or not 0 <= score <= 1:
        raise SettingsError(
            f"{scorer.setting} = {scorer.name!r}: it must return True, False or a likeness from 0 to 1, not {score!r}"
        )
    return 1 - score <= tolerance + _ROUNDING


def _words_agree(golden: str, observed: str, tolerance: float) -> bool:
    return tolerance > 0 and 1 - _likeness(golden.split(), observed.split()) <= tolerance


def _likeness(golden: list[str], observed: list[str]) -> float:
    if max(len(golden), len(observed)) <= _MOST_WORDS:
        return SequenceMatcher(None, golden, observed, autojunk=False).ratio()
    return 2 * (Counter(golden) & Counter(observed)).total() / (len(golden) + len(observed))
