"""kill -9 of a recording, at random moments and before each step of its writing."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults.project import Pytest, broken_files, files, taped, write_project
from tests.faults.table import Row
from tests.provider import Provider

TESTS, CALLS = 3, 4
SOURCE = """
    import pytest

    @pytest.mark.parametrize("n", range(3))
    def test_one(n):
        for k in range(4):
            # Every second one is asked anew in each round.
            assert chat(f"{n}.{k}" + (os.environ["ROUND"] if k % 2 else ""))[0] == 200
"""
LONGEST = 0.15
"""Seconds from a request to the kill, at most: several times what a call takes, and what the last files take."""


def killed_at_random(folder: Path, pytest: Pytest, *, kills: int, seed: int) -> Row:
    """Kill recordings `kills` times: after each kill every file is whole, and what comes next pays for the rest."""
    moments = random.Random(seed)
    problems: list[str] = []
    done = lost = number = 0
    with Provider(random_ids=True) as provider:
        write_project(folder, int(provider.url.rpartition(":")[2]), SOURCE)
        record(folder, pytest, "0")
        while done < kills:
            number += 1
            old = files(folder, ".trace.yaml")
            provider.rewind()
            killed, left = 0, list[dict[str, bytes]]()
            for _ in range(min(moments.randint(1, 3), kills - done)):
                before = provider.count
                running = pytest.start(folder, "--llm-record", "-q", env={"ROUND": f" {number}"})
                wait_for(provider, before + moments.randint(0, 6), running.pid)
                time.sleep(moments.uniform(0, LONGEST) ** 2 / LONGEST)  # most of them soon
                os.kill(running.pid, signal.SIGKILL)
                if running.wait().status != -signal.SIGKILL:
                    break  # it was faster
                killed += 1
                problems += broken_files(folder)
                left.append(files(folder, ".trace.yaml"))
            done += killed  # a run that was faster does not count
            found, paid_again = wrong_after_recovery(folder, pytest, provider, f" {number}", killed)
            problems += [*found, *neither_old_nor_new(old, left, files(folder, ".trace.yaml"))]
            lost += paid_again
    return Row(fault="kill -9 at a random moment of a recording", tried=done, problems=problems, lost=lost)


def record(folder: Path, pytest: Pytest, label: str, **env: str) -> None:
    """Record to the end; it must work."""
    ended = pytest.run(folder, "--llm-record", "-q", env={"ROUND": label, **env})
    if ended.status != 0:
        raise RuntimeError(f"the recording failed:\n{ended.text}")


def neither_old_nor_new(old: dict[str, bytes], left: list[dict[str, bytes]], new: dict[str, bytes]) -> Iterator[str]:
    """Golden traces that kills left torn: each must be the old one, or what came of it in the end."""
    for found in left:
        for name in {*found, *old}:
            if found.get(name) not in (old.get(name), new.get(name)):
                yield f"{name} was neither the old golden trace nor the new one"


def wrong_after_recovery(
    folder: Path, pytest: Pytest, provider: Provider, label: str, killed: int, *, tests: int = TESTS
) -> tuple[list[str], int]:
    """Record to the end: what is wrong then, and how many answers were paid for again beyond those in flight."""
    ended = pytest.run(folder, "--llm-record", "-q", env={"ROUND": label})
    wrong = [] if ended.status == 0 else [f"recording after a kill failed: {ended.text[-500:]}"]
    wrong += broken_files(folder)
    expected = sorted(f"{n}.{k}" + (label if k % 2 else "") for n in range(tests) for k in range(CALLS))
    if taped(folder) != expected:
        wrong.append(f"the tapes hold {taped(folder)}")
    if left := files(folder, ".journal.jsonl"):
        wrong.append(f"journals are left: {sorted(left)}")
    needed = tests * CALLS // 2
    return wrong, max(0, provider.count - needed - killed)


def wait_for(provider: Provider, count: int, pid: int) -> None:
    """Wait until so many requests have come, or the run is over."""
    try:
        while True:
            try:
                provider.wait_for(count, timeout=0.2)
            except TimeoutError:
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    return
            else:
                return
    except FileNotFoundError:
        return
