"""One process, from its start to its end: what it cost with all that it started."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.turns import TURNS, Ended, Turns

INSIDE = Path(__file__).parent / "inside"
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A process that has ended."""

    status: int
    """Its exit status; the number of a signal, negative, where that ended it."""
    output: str
    cpu: float
    """Seconds, user and system, of it and of all processes that it waited for."""
    wall: float
    """Seconds; of those alone in which it had its turn."""
    peak: float
    """MiB that it held at once; without what it started, where it is pytest."""
    after_first: float = 0
    """CPU seconds of all tests but the first, which pays for what is imported once; of pytest without xdist."""
    wall_after_first: float = 0
    """The same on the wall."""
    live: int = 0
    """How many calls it made that the provider answered."""


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The variables of every measured process: few, and no key or setting of who runs this."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | {
        "PYTHONPATH": os.pathsep.join((str(INSIDE), str(INSIDE / "arms"))),
        "PYTHONHASHSEED": "0",
        "OPENAI_API_KEY": "sk-bench-no-key",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        **extra,
    }


def run(command: list[str], *, folder: Path, env: Mapping[str, str], seconds: float) -> Ran:
    """Run it to its end, in turns with what it is compared with, or kill it when its time is over."""
    with tempfile.TemporaryDirectory() as kept:
        marks, log = Path(kept) / "marks", Path(kept) / "log"
        with log.open("wb") as out:

            def start() -> subprocess.Popen[bytes]:
                return subprocess.Popen(
                    command,
                    cwd=folder,
                    env=environment({**env, "BENCH_MARKS": str(marks)}),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                )

            ended = (TURNS.get() or Turns()).see_through(start, seconds=seconds)
        noted = json.loads(marks.read_text()) if marks.exists() else {}
        cpu, wall = _after_first(noted.get("marks", ()), ended)
        return Ran(
            status=ended.status,
            output=log.read_text("utf-8", "replace"),
            cpu=ended.usage.ru_utime + ended.usage.ru_stime,
            wall=ended.seconds,
            peak=noted.get("peak", ended.usage.ru_maxrss / 1024),
            after_first=cpu,
            wall_after_first=wall,
        )


def _after_first(marks: Sequence[tuple[float, float]], ended: Ended) -> tuple[float, float]:
    """CPU and wall seconds, from what both clocks showed when each test began and the last one ended."""
    if len(marks) < 2:
        return 0.0, 0.0
    (cpu, began), (last, done) = marks[1], marks[-1]
    return last - cpu, ended.until(done) - ended.until(began)
