"""Several processes that record the same project at once."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from tests.faults.kills import record, wait_for
from tests.faults.project import Ended, Pytest, Running, broken_files, files, taped, write_project
from tests.faults.table import Row
from tests.provider import Provider

TESTS, CALLS = 3, 4
SOURCE = """
    import pytest, time

    @pytest.mark.parametrize("n", range(3))
    def test_one(n):
        said = []
        for k in range(4):
            time.sleep(float(os.environ["PAUSE"]))
            # A conversation that grows, so that each request is written as what it adds to the one before.
            said.append("x" * 300 + f"{n}.{k}" + os.environ["ROUND"])
            assert chat(*said)[0] == 200
"""


KILLED = (
    SOURCE
    + """
            if n == 1 and os.environ.get("KILLED_AFTER") == str(k + 1):
                os.kill(os.getpid(), 9)
"""
)


def recorded_by_two(folder: Path, one: Pytest, other: Pytest, *, rounds: int, seed: int) -> Row:
    """Two processes record at once: every file is whole, and each tape complete."""
    problems: list[str] = []
    with Provider(random_ids=True) as provider:
        write_project(folder, int(provider.url.rpartition(":")[2]), SOURCE)
        for number in range(rounds):
            label = f" {number}"
            both = _both(folder, one, other, label, random.Random(seed + number))
            problems += [f"it ended with {ended.status}: {ended.text[-800:]}" for ended in both if ended.status]
            problems += _wrong(folder, label)
            again = provider.count
            record_paused(folder, one, label)
            problems += ["the recording was paid for again"] if provider.count > again else []
    return Row(fault="two processes record the same tests", tried=rounds, problems=problems)


def killed_together(folder: Path, one: Pytest, other: Pytest, *, rounds: int, seed: int) -> Row:
    """Two processes record at once, and are killed: nothing that either of them paid for is paid for again."""
    problems: list[str] = []
    lost = 0
    moments = random.Random(seed)
    with Provider(random_ids=True) as provider:
        write_project(folder, int(provider.url.rpartition(":")[2]), SOURCE)
        for number in range(rounds):
            label = f" {number}"
            provider.rewind()
            runs = [_start(folder, one, label, moments)]
            wait_for(provider, moments.randint(1, 4), runs[0].pid)
            runs.append(_start(folder, other, label, moments))
            wait_for(provider, moments.randint(8, 14), runs[1].pid)
            for run in moments.sample(runs, 2):
                time.sleep(moments.uniform(0, 0.1))
                os.kill(run.pid, signal.SIGKILL)
            for run in runs:
                run.wait()
            problems += broken_files(folder)
            before = Counter(asked(provider))
            record_paused(folder, one, label)
            repeated = Counter(asked(provider)) - before
            lost += max(0, sum(repeated[text] for text in before) - 2)  # one in flight for each kill
            problems += _wrong(folder, label)
    return Row(fault="two processes record the same tests, both killed", tried=rounds, problems=problems, lost=lost)


def recorded_by_workers(folder: Path, pytest: Pytest) -> Row:
    """`-n 4`: every file is whole, and each call paid for once."""
    with Provider(random_ids=True) as provider:
        write_project(folder, int(provider.url.rpartition(":")[2]), SOURCE)
        env = {"ROUND": " 0", "PAUSE": "0"}
        ended = pytest.run(folder, "--llm-record", "-q", "-p", "xdist", "-n", "4", env=env)
        problems = [f"it ended with {ended.status}: {ended.text[-800:]}"] if ended.status else []
        lost = max(0, provider.count - TESTS * CALLS)
    return Row(fault="-n 4", tried=1, problems=[*problems, *_wrong(folder, " 0")], lost=lost)


def worker_killed(folder: Path, pytest: Pytest) -> Row:
    """A worker of xdist is killed in a test: what it paid for is told, and the next recording pays for the rest."""
    problems: list[str] = []
    tried = lost = 0
    with Provider(random_ids=True) as provider:
        for calls in range(1, CALLS + 1):
            project = write_project(folder / str(calls), int(provider.url.rpartition(":")[2]), KILLED)
            provider.rewind()
            env = {"ROUND": " 0", "PAUSE": "0", "KILLED_AFTER": str(calls)}
            options = ("--llm-record", "-q", "-p", "xdist", "-n", "2", "--llm-report=report.json")
            ended = pytest.run(project, *options, env=env)
            tried += 1
            problems += [] if ended.status == 1 else [f"it ended with {ended.status}: {ended.text[-800:]}"]
            problems += broken_files(project)
            report = json.loads((project / "report.json").read_text())
            told = report.get("uncounted", {}).get("live_calls", 0) + report["totals"]["live_calls"]
            problems += [] if told == provider.count else [f"{told} calls of {provider.count} were told"]
            record_paused(project, pytest, " 0")
            lost += provider.count - TESTS * CALLS
            problems += _wrong(project, " 0")
    return Row(fault="a worker of xdist is killed", tried=tried, problems=problems, lost=lost)


def asked(provider: Provider) -> list[str]:
    """What was asked, in the order in which it came."""
    return [request.body["messages"][-1]["content"] for request in provider.requests]


def record_paused(folder: Path, pytest: Pytest, label: str) -> None:
    """Record to the end, without pauses."""
    record(folder, pytest, label, PAUSE="0")


def _start(folder: Path, pytest: Pytest, label: str, moments: random.Random) -> Running:
    env = {"ROUND": label, "PAUSE": str(moments.uniform(0.01, 0.05))}
    return pytest.start(folder, "--llm-record", "-q", env=env)


def _both(folder: Path, one: Pytest, other: Pytest, label: str, moments: random.Random) -> list[Ended]:
    runs = [_start(folder, pytest, label, moments) for pytest in (one, other)]
    return [run.wait() for run in runs]


def _wrong(folder: Path, label: str) -> list[str]:
    wrong = broken_files(folder)
    if taped(folder) != sorted("x" * 300 + f"{n}.{k}{label}" for n in range(TESTS) for k in range(CALLS)):
        wrong.append(f"the tapes hold {[text[300:] for text in taped(folder)]}")
    if left := files(folder, ".journal.jsonl"):
        wrong.append(f"journals are left: {sorted(left)}")
    return wrong
