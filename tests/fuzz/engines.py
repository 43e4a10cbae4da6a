"""What tries inputs: atheris where it is installed, else Hypothesis with many examples."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hypothesis import Phase, seed, settings

from tests.fuzz.crashes import Guard, known, signature
from tests.fuzz.target import SUPPRESSED, Target

_EXAMPLES: Final = 200
"""Examples of one round of Hypothesis."""
_HANGS: Final = 20
"""Seconds after which an input is a crash of its own: nothing that is read takes as long."""
_MOST_MEMORY: Final = 2048
"""Megabytes, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuzzed:
    """What came of fuzzing one target."""

    target: str
    runs: int
    seconds: float
    new_inputs: int | None
    """Inputs that reached something new and are kept; `None`: the engine does not tell."""
    crashes: tuple[str, ...]
    """Crashes that were not there before."""
    stopped: str = ""
    """What ended it before its time: an input that hangs, or needs too much memory."""


def engine() -> tuple[str, Callable[[Target, float], Fuzzed]]:
    """The name of the best engine there is, and how it fuzzes a target for some seconds."""
    if importlib.util.find_spec("atheris") is not None:
        return "atheris", with_atheris
    return "hypothesis", with_hypothesis


def with_atheris(target: Target, seconds: float) -> Fuzzed:
    """Fuzz a target in a process of its own."""
    before, began = known(target.name), time.monotonic()
    options = [f"-max_total_time={max(int(seconds), 1)}", f"-timeout={_HANGS}", f"-rss_limit_mb={_MOST_MEMORY}"]
    command = [sys.executable, "-m", "tests.fuzz.with_atheris", target.name, *options]
    done = subprocess.run(
        [*command, "-print_final_stats=1", "-max_len=40000", "-len_control=20"],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
    )
    counted = {name: int(number) for name, number in _STATISTIC.findall(done.stderr)}
    stopped = _STOPPED.search(done.stderr)
    ended = stopped.group(1) if stopped else "" if counted else f"did not run: {done.stderr.strip()[-200:]}"
    return Fuzzed(
        target=target.name,
        runs=counted.get("number_of_executed_units", 0),
        seconds=time.monotonic() - began,
        new_inputs=counted.get("new_units_added"),
        crashes=tuple(sorted(known(target.name) - before)),
        stopped=ended,
    )


def with_hypothesis(target: Target, seconds: float) -> Fuzzed:
    """Fuzz a target in rounds of examples, each with the next seed, until the time is over."""
    before, began = known(target.name), time.monotonic()
    runs = number = 0

    def counted(value: object) -> None:
        nonlocal runs
        runs += 1
        target.check(value)

    watched = Target(name=target.name, promise=target.promise, check=counted, values=target.values)
    while time.monotonic() - began < seconds:
        number += 1
        _round(watched, number)
    crashes = tuple(sorted(known(target.name) - before))
    return Fuzzed(target=target.name, runs=runs, seconds=time.monotonic() - began, new_inputs=None, crashes=crashes)


def _round(target: Target, number: int) -> None:
    asked = settings(
        max_examples=_EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=SUPPRESSED,
        phases=(Phase.generate, Phase.shrink),
    )
    try:
        seed(number)(target.property_with(asked))()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we are looking for
        text = "".join(traceback.format_exception(error))  # Hypothesis notes the smallest example in it
        Guard(target.name, target.check).keep(f"{signature(error)}.seed", str(number).encode(), text)


def again(target: Target, data: bytes, *, seeded: bool) -> None:
    """Run one input again, or the round of Hypothesis with a seed; raises what it raises."""
    if not seeded:
        target.one_input()(data)
        return
    asked = settings(max_examples=_EXAMPLES, database=None, deadline=None, suppress_health_check=SUPPRESSED)
    seed(int(data))(target.property_with(asked))()


_STATISTIC: Final = re.compile(r"^stat::(\w+):\s+(\d+)$", re.MULTILINE)
_STOPPED: Final = re.compile(r"libFuzzer: (timeout|out-of-memory|deadly signal)")
