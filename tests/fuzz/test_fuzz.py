"""A small round of the fuzz suite, the same every time; `make fuzz` goes on for as long as it is asked to."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.fuzz.target import SUPPRESSED, Target
from tests.fuzz.targets import TARGETS

A_FEW = settings(max_examples=15, derandomize=True, database=None, deadline=None, suppress_health_check=SUPPRESSED)


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.name)
def test_promises_hold(target: Target) -> None:
    """What each target promises holds for its seeds, and for a few values near them."""
    for seed in target.seeds() if target.seeds is not None else ():
        target.check(seed)
    target.property_with(A_FEW)()
