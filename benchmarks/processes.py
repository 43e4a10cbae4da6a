"""One process, from its start to its end: what it cost with all that it started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
    """Seconds."""
    peak: float
    """MiB that it held at once; without what it started, where it is pytest."""
    marks: tuple[tuple[float, float], ...] = ()
    """Of pytest without xdist: its CPU and wall seconds when each test began, and when the last one ended."""
    live: int = 0
    """How many calls it made that the provider answered."""

    @property
    def after_first(self) -> float:
        """CPU seconds of all tests but the first, which pays for what is imported once."""
        return self.marks[-1][0] - self.marks[1][0]

    @property
    def wall_after_first(self) -> float:
        """The same on the wall."""
        return self.marks[-1][1] - self.marks[1][1]


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
    """Run it to its end, or kill it when its time is over."""
    with tempfile.TemporaryDirectory() as kept:
        marks, log = Path(kept) / "marks", Path(kept) / "log"
        with log.open("wb") as out:
            began = time.perf_counter()
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment({**env, "BENCH_MARKS": str(marks)}),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            timer = threading.Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
            timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
        noted = json.loads(marks.read_text()) if marks.exists() else {}
        return Ran(
            status=process.returncode,
            output=log.read_text("utf-8", "replace"),
            cpu=usage.ru_utime + usage.ru_stime,
            wall=wall,
            peak=noted.get("peak", usage.ru_maxrss / 1024),
            marks=tuple((cpu, at) for cpu, at in noted.get("marks", ())),
        )
