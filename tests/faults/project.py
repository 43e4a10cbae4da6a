"""A project whose tests call an LLM over plain HTTP, and the runs of pytest in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pytest_llmtrace._store.cassettes import load_golden, load_tape
from pytest_llmtrace._store.journal_reader import read_journal

ROOT = Path(__file__).parents[2]
CHAT = """
    import http.client, json, os

    def chat(*texts, model="m1", stream=False, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", {port}, timeout=timeout)
        messages = [{{"role": "user", "content": text}} for text in texts]
        asked = {{"model": model, "stream": stream, "messages": messages}}
        headers = {{"content-type": "application/json", "authorization": "Bearer sk-faults-0123456789"}}
        try:
            connection.request("POST", "/v1/chat/completions", json.dumps(asked), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended."""

    status: int
    """pytest's exit status; the number of a signal, negative, where that ended it."""
    text: str


class Pytest:
    """A process that runs pytest again and again. Use it as a context manager."""

    def __enter__(self) -> Self:
        dropped = ("CI", "BUILD_NUMBER", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "PYTEST_ADDOPTS", "LLMTRACE_DISABLED")
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.runner"],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name not in dropped}
            | {
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "NO_PROXY": "127.0.0.1",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": paths,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._process.communicate()

    def start(self, folder: Path, *options: str, env: dict[str, str] | None = None) -> Running:
        """Start a run; one at a time."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        log = folder.parent / f"{folder.name}-{self._process.pid}.log"
        asked = {"folder": str(folder), "options": options, "env": env or {}, "log": str(log)}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Running(pid=int(self._process.stdout.readline()), server=self._process, log=log)

    def run(self, folder: Path, *options: str, env: dict[str, str] | None = None) -> Ended:
        """Run pytest to its end."""
        return self.start(folder, *options, env=env).wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A run that was started."""

    pid: int
    server: subprocess.Popen[str]
    log: Path

    def wait(self) -> Ended:
        """Wait for its end."""
        assert self.server.stdout is not None
        status = int(self.server.stdout.readline())
        return Ended(status=status, text=self.log.read_text("utf-8", "replace"))


def write_project(folder: Path, port: int, tests: str) -> Path:
    """Write a project of one test file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(textwrap.dedent(CHAT).format(port=port) + textwrap.dedent(tests))
    return folder


def broken_files(folder: Path) -> list[str]:
    """What is wrong with the cassette files of a project: files that do not parse, and files that nobody cleans up."""
    wrong = []
    for path in sorted(folder.rglob("cassettes/**/*")):
        try:
            if path.name.endswith(".trace.yaml"):
                load_golden(path)
            elif path.name.endswith(".tape.json"):
                load_tape(path)
            elif path.name.endswith(".journal.jsonl"):
                skipped = read_journal(path).skipped
                wrong += [f"{path.name}: {skipped} unreadable lines"] if skipped > 1 else []
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is what is looked for
            wrong.append(f"{path.name}: {type(error).__name__}: {error}")
    return wrong


def files(folder: Path, ending: str) -> dict[str, bytes]:
    """The cassette files with an ending, by name."""
    found = sorted(folder.rglob(f"cassettes/**/*{ending}"))
    return {path.name: path.read_bytes() for path in found if path.is_file()}


def taped(folder: Path) -> list[str]:
    """What was asked in every interaction on the tapes of a project, sorted."""
    return sorted(
        json.loads(one.request.body)["messages"][-1]["content"]
        for path in folder.rglob("cassettes/**/*.tape.json")
        for one in load_tape(path).interactions
    )
