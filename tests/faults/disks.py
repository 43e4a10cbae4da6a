"""Real disks: one that is full, one that is read-only, and folders that vanish. The first two need root, and Linux."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.faults.kills import record
from tests.faults.project import Ended, Pytest, broken_files, files, taped, write_project
from tests.faults.table import Row
from tests.provider import Provider
from tests.provider.script import Rule

TESTS = 3
SOURCE = """
    import pytest, shutil

    @pytest.mark.parametrize("n", range(3))
    def test_one(n):
        for k in range(2):
            assert chat(f"{n}.{k}" + os.environ["ROUND"])[0] == 200
            if os.environ.get("VANISH") == str(k):
                shutil.rmtree("cassettes")
        assert "FAIL" not in os.environ
"""


def full(folder: Path, pytest: Pytest, *, kilobytes: Iterable[int]) -> Row:
    """A small disk runs full while answers are recorded."""
    problems: list[str] = []
    tried = lost = 0
    for size in kilobytes:
        with Provider([Rule(text="a long answer " * 100)], random_ids=True) as provider:
            project = write_project(folder / str(size), int(provider.url.rpartition(":")[2]), SOURCE)
            with _mounted(project / "cassettes", size) as mounted:
                if not mounted:
                    return Row(fault="disk full (a real one: skipped, needs root)", tried=0)
                env = {"ROUND": " a"}
                ended = pytest.run(project, "--llm-record", "-q", env=env)
                tried += 1
                problems += _told(ended, "No space left on device") + broken_files(project)
                _remount(project / "cassettes", "size=10m")
                before = provider.count
                record(project, pytest, " a")
                # Of each test one answer, which no disk would take.
                lost += max(0, provider.count - 2 * TESTS - min(TESTS, before))
                problems += _incomplete(project, " a")
    return Row(fault="disk full (a real one)", tried=tried, problems=problems, lost=lost)


def read_only(folder: Path, pytest: Pytest) -> Row:
    """A read-only disk: nothing is paid for, each test says why."""
    with Provider(random_ids=True) as provider:
        project = write_project(folder, int(provider.url.rpartition(":")[2]), SOURCE)
        with _mounted(project / "cassettes", 1_000) as mounted:
            if not mounted:
                return Row(fault="disk read-only (a real one: skipped, needs root)", tried=0)
            record(project, pytest, " a")
            old, paid = files(project, ""), provider.count
            _remount(project / "cassettes", "ro")
            ended = pytest.run(project, "--llm-record", "-q", env={"ROUND": " b"})
            problems = _told(ended, "read-only")
            problems += [] if files(project, "") == old else ["files changed"]
            problems += [] if f"{TESTS} failed" in ended.text else ["not every test said so"]
            lost = provider.count - paid
    return Row(fault="disk read-only (a real one)", tried=1, problems=problems, lost=lost)


def vanished(folder: Path, pytest: Pytest) -> Row:
    """The folder is deleted in the middle of a test: a test that passes is written all the same."""
    problems: list[str] = []
    lost = 0
    with Provider(random_ids=True) as provider:
        for k in (0, 1):
            project = write_project(folder / str(k), int(provider.url.rpartition(":")[2]), SOURCE)
            provider.rewind()
            ended = pytest.run(project, "--llm-record", "-q", env={"ROUND": " a", "VANISH": str(k)})
            problems += [] if ended.status == 0 else [ended.text[-500:]]
            # What a passed test wrote before is gone with the folder; the last one must be there.
            problems += broken_files(project) + ([] if taped(project)[-2:] == ["2.0 a", "2.1 a"] else ["not written"])
        project = write_project(folder / "failing", int(provider.url.rpartition(":")[2]), SOURCE)
        provider.rewind()
        env = {"ROUND": " a", "VANISH": "0", "FAIL": "1"}
        ended = pytest.run(project, "--llm-record", "-q", "-k", "2", env=env)
        problems += [] if ended.status == 1 else [f"it ended with {ended.status}"]
        record_one(project, pytest)
        lost = max(0, provider.count - 3)  # the first answer went with the folder
    return Row(fault="folder vanishes during a test", tried=3, problems=problems, lost=lost)


def record_one(project: Path, pytest: Pytest) -> None:
    """Record the last test to its end."""
    ended = pytest.run(project, "--llm-record", "-q", "-k", "2", env={"ROUND": " a"})
    if ended.status != 0:
        raise RuntimeError(ended.text)


def reports(folder: Path, pytest: Pytest) -> Row:
    """A report that cannot be written is told, fails the run, and keeps no other report from being written."""
    problems: list[str] = []
    with Provider() as provider:
        project = write_project(folder, int(provider.url.rpartition(":")[2]), SOURCE)
        record(project, pytest, " a")
        (project / "file").write_text("")
        places = ("file/a.json", "/proc/nowhere/a.html", "/dev/full/a.md")
        for place in places:
            (project / "other.json").unlink(missing_ok=True)
            options = ("--llm-trace", "-q", f"--llm-report={place}", "--llm-report=other.json")
            ended = pytest.run(project, *options, env={"ROUND": " a"})
            problems += _told(ended, "cannot write the report")
            problems += [] if f"{TESTS} passed" in ended.text else ["the tests did not go on"]
            problems += (
                [] if json.loads((project / "other.json").read_text())["totals"]["calls"] == 6 else ["no report"]
            )
        left = sorted(path.name for path in project.iterdir() if path.name.startswith(".llmtrace"))
        problems += [f"left: {left}"] if left else []
    return Row(fault="report that cannot be written", tried=len(places), problems=problems)


def reports_full(folder: Path, pytest: Pytest) -> Row:
    """A report for which the disk has no room is told, the one of the run before stays, and no part of it is left."""
    problems: list[str] = []
    with Provider() as provider:
        project = write_project(folder, int(provider.url.rpartition(":")[2]), SOURCE)
        record(project, pytest, " a")
        with _mounted(project / "reports", 24) as mounted:
            if not mounted:
                return Row(fault="report on a full disk (a real one: skipped, needs root)", tried=0)
            kinds = ("html", "json", "jsonl", "md")
            old = {f"a.{kind}": "the one before" for kind in kinds}
            for name, text in old.items():
                (project / "reports" / name).write_text(text)
            _fill(project / "reports" / "filler")
            for name in old:
                options = ("--llm-trace", "-q", f"--llm-report=reports/{name}")
                problems += _told(pytest.run(project, *options, env={"ROUND": " a"}), "No space left on device")
            left = {path.name: path.read_text() for path in (project / "reports").iterdir() if path.name != "filler"}
            problems += [] if left == old else [f"the folder holds {left}"]
    return Row(fault="report on a full disk (a real one)", tried=len(kinds), problems=problems)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 1024)


def _told(ended: Ended, text: str) -> list[str]:
    wrong = [] if ended.status == 1 else [f"it ended with {ended.status}: {ended.text[-500:]}"]
    return wrong + ([] if text in ended.text else [f"it did not say {text!r}: {ended.text[-800:]}"])


def _incomplete(project: Path, label: str) -> list[str]:
    wrong = broken_files(project) + sorted(files(project, ".journal.jsonl"))
    complete = taped(project) == sorted(f"{n}.{k}{label}" for n in range(TESTS) for k in range(2))
    return wrong if complete else [*wrong, f"the tapes hold {taped(project)}"]


@contextlib.contextmanager
def _mounted(folder: Path, kilobytes: int) -> Iterator[bool]:
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _remount(folder: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(folder)], check=True)
