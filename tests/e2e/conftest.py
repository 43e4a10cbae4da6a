"""Whole projects in processes of their own, against a provider that is counted and then stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
_EVERYWHERE = {"PYTHONDONTWRITEBYTECODE": "", "COLUMNS": "100"}


@dataclass(frozen=True)
class Ran:
    """One run of pytest in a process of its own."""

    exit: int
    text: str
    report: dict[str, Any]
    lines: list[dict[str, Any]]
    """Every entry of every test: the `.jsonl` report."""

    def test(self, name: str) -> dict[str, Any]:
        """The report's row of a test, by the name at the end of its node id."""
        rows = [row for row in self.report["tests"] if row["nodeid"].endswith(f"::{name}")]
        assert len(rows) == 1, self.text
        return rows[0]

    def entries(self, name: str) -> list[dict[str, Any]]:
        """The entries of a test, by its node id or the name at the end of it."""
        return [line for line in self.lines if f"::{line['nodeid']}".endswith(f"::{name}")]


def run_pytest(folder: Path, *args: str, env: dict[str, str] | None = None) -> Ran:
    """Run pytest on a folder, with a JSON report and one of every entry."""

    def of_its_own(arguments: list[str], env: dict[str, str]) -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest", *arguments]
        done = subprocess.run(
            command, cwd=folder, env={**_outer(), **env}, capture_output=True, text=True, timeout=300, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return _ran(of_its_own, folder, args, env)


def imported_by_every_run() -> list[str]:
    """What pytest imports in each run, its plugins first, and what this plugin imports when calls are traced."""
    plugins = {entry.module for entry in entry_points(group="pytest11")}
    ours = [f"pytest_llmtrace.{name}" for name in ("_run.run", "_report.files.endings", "_report.terminal.summary")]
    return ["pytest", *sorted(plugins), *ours, "deepdiff", "hypothesis", "vcr.patch", "yaml"]


class Preloaded:
    """A process that has imported modules, and runs pytest in forks of itself: the SDKs take seconds to import.

    A system without forks gets a process for each run.
    """

    def __init__(self, modules: Iterable[str], env: Mapping[str, str]) -> None:
        self._process: subprocess.Popen[str] | None = None
        if hasattr(os, "fork"):
            command = [sys.executable, str(HERE / "preloaded.py"), *modules]
            self._process = subprocess.Popen(
                command,
                env={**_outer(), **_EVERYWHERE, **env},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate()

    def run(self, folder: Path, *args: str, env: dict[str, str] | None = None) -> Ran:
        """Run pytest on a folder, as `run_pytest` does."""
        if self._process is None:
            return run_pytest(folder, *args, env=env)
        process, output = self._process, folder / "output.txt"
        assert process.stdin is not None
        assert process.stdout is not None

        def of_a_fork(arguments: list[str], env: dict[str, str]) -> tuple[int, str]:
            run = {"folder": str(folder), "args": arguments, "env": env, "output": str(output)}
            process.stdin.write(json.dumps(run) + "\n")
            process.stdin.flush()
            status = process.stdout.readline()
            assert status, "the modules cannot be imported"
            return int(status), output.read_text("utf-8")

        return _ran(of_a_fork, folder, args, env)


def _outer() -> dict[str, str]:
    """The environment of this run; that it may be a worker's is nothing to the runs inside."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST_")}


def _ran(
    pytest: Callable[[list[str], dict[str, str]], tuple[int, str]],
    folder: Path,
    args: tuple[str, ...],
    env: dict[str, str] | None,
) -> Ran:
    """Run pytest, which gets its arguments and changes to the environment, and gather what it left."""
    report, lines = folder / "report.json", folder / "report.jsonl"
    report.unlink(missing_ok=True)
    lines.unlink(missing_ok=True)
    reports = [f"--llm-report={file}" for file in (report, lines)]
    status, text = pytest(["-p", "no:cacheprovider", *reports, *args], {**_EVERYWHERE, **(env or {})})
    found = json.loads(report.read_text("utf-8")) if report.exists() else {}
    entries = [json.loads(line) for line in lines.read_text("utf-8").splitlines()] if lines.exists() else []
    return Ran(exit=status, text=text, report=found, lines=entries)
