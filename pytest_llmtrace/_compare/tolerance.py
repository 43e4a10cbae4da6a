"""How much of an answer's wording may change before it counts."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from typing import Final

from pytest_llmtrace._compare.changes import Change
from pytest_llmtrace._model.stand_ins import is_stand_in

_MOST_WORDS: Final = 2_000
"""Words up to which their order counts; beyond, only which words there are."""


def tolerated(change: Change, tolerance: float) -> bool:
    """Whether the change is one of an answer's text, and no larger share of its words differs than is tolerated."""
    if tolerance <= 0 or change.kind != "output":
        return False
    if not isinstance(change.golden, str) or not isinstance(change.observed, str) or change.place != "content":
        return False
    if is_stand_in(change.golden) or is_stand_in(change.observed):
        return False  # their words say nothing about those of the text
    return 1 - _likeness(change.golden.split(), change.observed.split()) <= tolerance


def _likeness(golden: list[str], observed: list[str]) -> float:
    if max(len(golden), len(observed)) <= _MOST_WORDS:
        return SequenceMatcher(None, golden, observed, autojunk=False).ratio()
    return 2 * (Counter(golden) & Counter(observed)).total() / (len(golden) + len(observed))
