"""How much a ratio can be trusted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import median

_RESAMPLES = 2000


def noise_of(again: Sequence[float]) -> float:
    """What a single paired run differs from 1 by where nothing differs: two standard deviations.

    They are estimated from the median of the differences, so that one disturbed round does not excuse all others, and
    more rounds do not make it greater, as they would the greatest difference.
    """
    return 2 * 1.4826 * median(abs(one - 1) for one in again)


def interval(ratios: Sequence[float]) -> tuple[float, float]:
    """Where the median of so many rounds lies, 95 times of 100 (bootstrap; the same figures give the same answer)."""
    draw = random.Random(0)
    medians = sorted(median(draw.choices(ratios, k=len(ratios))) for _ in range(_RESAMPLES))
    return medians[_RESAMPLES * 25 // 1000], medians[_RESAMPLES * 975 // 1000 - 1]
