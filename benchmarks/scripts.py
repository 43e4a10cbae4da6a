"""Measurements inside of one process of ours: a script in `inside` that prints what it found as JSON."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.arms import OURS
from benchmarks.processes import INSIDE, run
from benchmarks.rounds import CannotRunError


def measured_inside(script: str, *arguments: str) -> Any:
    """What a script found. Raises: `CannotRunError`."""
    ran = run([str(OURS.python), str(INSIDE / script), *arguments], folder=INSIDE, env={}, seconds=200)
    if ran.status:
        raise CannotRunError(f"{script}: {ran.output.strip().splitlines()[-1]}")
    return json.loads(ran.output.strip().splitlines()[-1])
