"""A project of one arm: its tests, its recordings, and runs of pytest in it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from benchmarks.arms import OURS, Arm
from benchmarks.environments import PLACE, CannotInstallError
from benchmarks.processes import INSIDE, Ran, environment, run
from benchmarks.rounds import CannotRunError


class Provider:
    """The local provider, in a process of its own. Use it as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, str(INSIDE / "provider.py")],
            env=environment({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._process.communicate()

    @property
    def answered(self) -> int:
        """How many calls it has answered."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/count") as answer:
            return int(answer.read())


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The tests of a case as one arm runs them."""

    arm: Arm
    test: str
    """The file in `inside` that holds them."""
    folder: Path
    provider: Provider
    env: Mapping[str, str] = field(default_factory=dict)
    """`BENCH_TESTS` and the like."""

    @classmethod
    def of(cls, arm: Arm, test: str, provider: Provider, **env: object) -> Project:
        """The project, recorded where the arm records. A peer's recordings are kept for the next time.

        Raises:
            CannotRunError: the arm cannot be installed or cannot record.
        """
        made = cls.fresh(arm, test, provider, **env)
        try:
            made.prepare()
        except CannotInstallError as error:
            raise CannotRunError(str(error)) from None
        return made

    @classmethod
    def fresh(cls, arm: Arm, test: str, provider: Provider, **env: object) -> Project:
        """The project, with nothing done yet."""
        settings = {f"BENCH_{name.upper()}": str(value) for name, value in env.items()}
        name = hashlib.sha256(f"{settings}{arm.requirements}{arm.env}".encode()).hexdigest()[:8]
        folder = PLACE / "projects" / f"{test}-{arm.slug}-{name}"
        return cls(arm=arm, test=test, folder=folder, provider=provider, env=settings)

    def prepare(self) -> None:
        """Record, where that was not done before. Raises: `CannotInstallError`, `CannotRunError`."""
        wanted = {"stamp": _stamp(self.test, self.arm)}
        if self.arm.name != OURS.name and wanted.items() <= self._note.items():
            return
        self.clear()
        if self.arm.record is not None:
            self.record()
        (self.folder / _NOTE).write_text(json.dumps({**wanted, "port": self.provider.port}))

    def clear(self) -> None:
        """Be as if nothing had been recorded."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = ignore\n")
        shutil.copy(INSIDE / self.test, self.folder)
        shutil.copy(INSIDE / "arms" / f"{self.arm.conftest}.py", self.folder / "conftest.py")

    @property
    def _note(self) -> dict[str, Any]:
        """What it was recorded with."""
        file = self.folder / _NOTE
        return json.loads(file.read_text()) if file.exists() else {}

    def record(self, *options: str, seconds: float = 300) -> Ran:
        """Record against the provider. Raises: `CannotRunError`."""
        assert self.arm.record is not None
        before = self.provider.answered
        ran = self._pytest((*self.arm.record, *options), {"BENCH_MODE": "record"}, seconds, self.provider.port)
        if ran.status:
            raise CannotRunError(f"recording failed: {_last_line(ran)}")
        if self.provider.answered == before:
            raise CannotRunError("recording made no call that reached the provider")
        return ran

    def replay(self, *options: str, seconds: float = 300, env: Mapping[str, str] | None = None) -> Ran:
        """Run the tests as they are run every day. Raises: `CannotRunError`, where they fail or reach the provider."""
        before = self.provider.answered
        ran = self.attempt(*options, seconds=seconds, env=env)
        if ran.status == -9:
            raise CannotRunError(f"stopped after {seconds:.0f} s")
        if ran.status:
            raise CannotRunError(f"replay failed: {_last_line(ran)}")
        if self.provider.answered != before:
            raise CannotRunError("replay reached the provider: it went live")
        return ran

    def notices(self) -> str:
        """What a replay of one test fails for when it is changed: seen, whatever a manual says."""
        changes = {"prompt": {"BENCH_OTHER_PROMPT": "!"}, "model": {"BENCH_OTHER_MODEL": "gpt-4o"}}
        one = ("-k", "test_calls[0]")
        return ", ".join(name for name, env in changes.items() if self.attempt(*one, env=env).status == 1) or "nothing"

    def attempt(self, *options: str, seconds: float = 300, env: Mapping[str, str] | None = None) -> Ran:
        """Run the tests, whatever comes of it."""
        port = self._note.get("port", self.provider.port)
        return self._pytest((*self.arm.replay, *options), {"BENCH_MODE": "replay", **(env or {})}, seconds, port)

    def _pytest(self, options: tuple[str, ...], env: Mapping[str, str], seconds: float, port: int) -> Ran:
        plugins = ["-p", "bench_probe", "-p", "no:cacheprovider", "-q", "--no-header"]
        return run(
            [str(self.arm.python), "-m", "pytest", *plugins, *options, self.test],
            folder=self.folder,
            env={
                "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
                "OPENAI_API_BASE": f"http://127.0.0.1:{port}/v1",
                "BENCH_PORT": str(port),
                **self.env,
                **self.arm.env,
                **env,
            },
            seconds=seconds,
        )

    @property
    def recorded_bytes(self) -> int:
        """How much the recordings take."""
        own = {self.test, "conftest.py", "pytest.ini", _NOTE}
        files = (path for path in self.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return sum(path.stat().st_size for path in files if path.name not in own)


_NOTE: Final = "recorded.json"


def _stamp(test: str, arm: Arm) -> str:
    """Of the files that a recording depends on."""
    files = (INSIDE / test, INSIDE / "workload.py", INSIDE / "arms" / f"{arm.conftest}.py")
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _last_line(ran: Ran) -> str:
    lines = [line.strip() for line in ran.output.splitlines() if line.startswith(("E  ", "FAILED", "ERROR"))]
    return (lines or ran.output.strip().splitlines() or [f"status {ran.status}"])[0].removeprefix("E").strip()[:160]
