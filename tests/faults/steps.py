"""Each step of writing fails, or is the last: a process killed before it, a full disk, a read-only one."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterable
from pathlib import Path

from tests.faults.kills import neither_old_nor_new, record, wrong_after_recovery
from tests.faults.project import Pytest, broken_files, files, write_project
from tests.faults.table import Row
from tests.provider import Provider

TESTS, CALLS = 2, 4
SOURCE = """
    import pytest

    @pytest.mark.parametrize("n", range(2))
    def test_one(n):
        for k in range(4):
            assert chat(f"{n}.{k}" + (os.environ["ROUND"] if k % 2 else ""))[0] == 200
"""
SAYS = {"full": "No space left on device", "read-only": "Read-only file system"}
NAMES = {
    "kill": "kill -9 before each step of writing files",
    "torn": "kill -9 in the middle of each write",
    "full": "disk full from each step of writing on",
    "read-only": "disk read-only from each step of writing on",
}


def broken_at_each_step(folder: Path, pytest: Pytest, kind: str, steps: Iterable[int] | None = None) -> Row:
    """Break a recording at each of its steps; it must be told, every file be whole, and what was paid for stay."""
    problems: list[str] = []
    tried = lost = 0
    with Provider(random_ids=True) as provider:
        write_project(folder, int(provider.url.rpartition(":")[2]), SOURCE)
        record(folder, pytest, "0")
        for step in steps or itertools.count(1):
            old, label = files(folder, ".trace.yaml"), f" {step}"
            provider.rewind()
            env = {"ROUND": label, "LLMTRACE_FAULT": f"{kind}:{step}"}
            ended = pytest.run(folder, "--llm-record", "-q", "-p", "tests.faults.inside", env=env)
            if ended.status == 0:
                if tried:
                    break  # there are no more steps
                problems.append("the recording did not notice the fault")
                break
            tried += 1
            found, left = broken_files(folder), files(folder, ".trace.yaml")
            if kind in SAYS:
                found += [] if ended.status == 1 else [f"it ended with {ended.status}: {ended.text[-500:]}"]
                found += [] if SAYS[kind] in ended.text else [f"it did not say {SAYS[kind]!r}: {ended.text[-500:]}"]
                found += [] if "internal error" not in ended.text.lower() else [ended.text[-2000:]]
            elif ended.status != -signal.SIGKILL:
                found.append(f"it ended with {ended.status}: {ended.text[-500:]}")
            # In flight: one call when a process is killed, one a test where the disk refuses it.
            may = 1 if kind not in SAYS else TESTS
            wrong, again = wrong_after_recovery(folder, pytest, provider, label, may, tests=TESTS)
            wrong += neither_old_nor_new(old, [left], files(folder, ".trace.yaml"))
            problems += [f"step {step}: {text}" for text in (*found, *wrong)]
            lost += again
    return Row(fault=NAMES[kind], tried=tried, problems=problems, lost=lost)
