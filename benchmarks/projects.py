"""A project of one arm: its tests, its recordings, and runs of pytest in it."""

from __future__ import annotations

import atexit
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from benchmarks.arms import OURS, Arm
from benchmarks.environments import PLACE, REQUIREMENTS, ROOT, CannotInstallError
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

    def answered(self, key: str) -> int:
        """How many calls with this API key it has answered."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{key}") as answer:
            return int(answer.read())


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The tests of a case as one arm runs them. What was recorded is kept for the next time."""

    arm: Arm
    test: str
    """The file in `inside` that holds them."""
    folder: Path
    provider: Provider
    env: Mapping[str, str] = field(default_factory=dict)
    """`BENCH_TESTS` and the like."""

    @classmethod
    def of(cls, arm: Arm, test: str, provider: Provider, **env: object) -> Project:
        """The project, recorded where the arm records.

        Raises:
            CannotRunError: the arm cannot be installed or cannot record.
        """
        made = cls.fresh(arm, test, provider, **env)
        made.prepare()
        return made

    @classmethod
    def fresh(cls, arm: Arm, test: str, provider: Provider, **env: object) -> Project:
        """The project, with nothing done yet."""
        settings = {f"BENCH_{name.upper()}": str(value) for name, value in env.items()}
        recorded = {name: value for name, value in settings.items() if name not in _SAME_RECORDINGS}
        name = hashlib.sha256(f"{recorded}{arm.requirements}".encode()).hexdigest()[:8]
        folder = PLACE / "projects" / f"{test}-{arm.recordings or arm.slug}-{name}"
        return cls(arm=arm, test=test, folder=folder, provider=provider, env=settings)

    def prepare(self) -> None:
        """Record, where that was not done before. Raises: `CannotRunError`."""
        with _RECORDING[self.folder]:
            self._prepare()

    def _prepare(self) -> None:
        try:
            wanted = {"stamp": _stamp(self.test, self.arm)}
        except CannotInstallError as error:
            raise CannotRunError(str(error)) from None
        if wanted.items() <= self._note.items():
            if cannot := self._note.get("cannot"):
                raise CannotRunError(cannot)
            self._read_once()
            return
        self.clear()
        note = {**wanted, "port": self.provider.port}
        try:
            if self.arm.record is not None:
                many = self.env.get("BENCH_CALLS", "").count(",") > _MANY
                self.record(*(self.arm.quicker if many else ()))
        except CannotRunError as error:
            if "stopped" not in str(error):  # a machine that was busy proves nothing
                note["cannot"] = str(error)
            else:
                del note["stamp"]
            raise
        finally:
            (self.folder / _NOTE).write_text(json.dumps(note))

    def _read_once(self) -> None:
        """Have the system hold what was recorded on another day in memory, as what was recorded just now."""
        for path in self.folder.rglob("*"):
            if path.is_file():
                path.read_bytes()

    def clear(self) -> None:
        """Be as if nothing had been recorded."""
        if self.folder.exists():
            _put_aside(self.folder)
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
        ran = self._pytest((*self.arm.record, *options), {"BENCH_MODE": "record"}, seconds, self.provider.port)
        if ran.status == -9:
            raise CannotRunError(f"recording stopped after {seconds:.0f} s")
        if ran.status:
            raise CannotRunError(f"recording failed: {_last_line(ran)}")
        if not ran.live:
            raise CannotRunError("recording made no call that reached the provider")
        return ran

    def replay(self, *options: str, seconds: float = 300, env: Mapping[str, str] | None = None) -> Ran:
        """Run the tests as they are run every day. Raises: `CannotRunError`, where they fail or reach the provider."""
        ran = self.attempt(*options, seconds=seconds, env=env)
        if ran.status == -9:
            raise CannotRunError(f"stopped after {seconds:.0f} s")
        if ran.status:
            raise CannotRunError(f"replay failed: {_last_line(ran)}")
        if ran.live:
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
        key = f"sk-bench-no-key-{next(_KEYS)}"
        plugins = ["-p", "bench_probe", "-p", "no:cacheprovider", "-q", "--no-header", "-x"]
        ran = run(
            [str(self.arm.python), "-m", "pytest", *plugins, *options, self.test],
            folder=self.folder,
            env={
                "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
                "OPENAI_API_BASE": f"http://127.0.0.1:{port}/v1",
                "OPENAI_API_KEY": key,
                "BENCH_PORT": str(port),
                **self.env,
                **self.arm.env,
                **env,
            },
            seconds=seconds,
        )
        return replace(ran, live=self.provider.answered(key))

    @property
    def recorded_bytes(self) -> int:
        """How much the recordings take."""
        own = {self.test, "conftest.py", "pytest.ini", _NOTE}
        files = (path for path in self.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return sum(path.stat().st_size for path in files if path.name not in own)


_NOTE: Final = "recorded.json"
_SAME_RECORDINGS: Final = frozenset({"BENCH_CLIENT"})
"""Settings that change nothing of what is sent."""
_MANY: Final = 1000
_RECORDING: Final[dict[Path, threading.Lock]] = defaultdict(threading.Lock)
"""Two lanes record nothing into one folder."""
_KEYS: Final = itertools.count(1)
"""Each process has an API key of its own, by which the provider tells who went live."""


_ASIDE: Final = PLACE / "aside"
_ASIDES: Final = itertools.count(1)


def _put_aside(folder: Path) -> None:
    """Have what is there deleted when everything is measured.

    ext4 looks at each inode that was freed in the last minutes before it makes a file: after thousands of them it takes
    twenty times as long, which would be charged to whoever records next.
    """
    number = next(_ASIDES)
    if number == 1:
        atexit.register(shutil.rmtree, _ASIDE, ignore_errors=True)
    _ASIDE.mkdir(exist_ok=True)
    folder.rename(_ASIDE / f"{os.getpid()}-{number}")


def _stamp(test: str, arm: Arm) -> str:
    """Of the files that a recording depends on. Raises: `CannotInstallError`."""
    files = [
        INSIDE / test,
        INSIDE / "workload.py",
        INSIDE / "arms" / f"{arm.conftest}.py",
        arm.python.parent.parent / REQUIREMENTS,
    ]
    if arm.name == OURS.name:
        files += sorted((ROOT / "pytest_llmtrace").rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _last_line(ran: Ran) -> str:
    lines = [line.strip() for line in ran.output.splitlines() if line.startswith(("E  ", "FAILED", "ERROR"))]
    return (lines or ran.output.strip().splitlines() or [f"status {ran.status}"])[0].removeprefix("E").strip()[:160]
