"""A project in three rounds: recorded, replayed with the provider stopped, and recorded again without it.

A test module makes its rounds in a module-scoped fixture named `rounds` and inherits what holds for every project:

    @pytest.fixture(scope="module")
    def rounds(tmp_path_factory):
        return three_rounds(tmp_path_factory.mktemp("sdks"), "sdks.py", script=SCRIPT)

    class TestRounds(EveryRound):
        pass

In a project, ``@pytest.mark.sdk("openai", "async streamed", "tools")`` above a test says what it shows to work: first
its name on PyPI, then the ways it is used: ``sync``, ``async``, ``streamed``, ``async streamed``,
``threads``, ``gather``, ``tools``, ``errors``. docs/generate_sdks.py draws the table of SDKs from these marks.
"""

from __future__ import annotations

import ast
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from docs.generate_sdks import PROJECTS, claims
from tests.e2e.conftest import HERE, Preloaded, Ran, imported_by_every_run
from tests.provider import Provider
from tests.provider.script import ScriptSource

KEY = "sk-e2e-0123456789"
"""The key that projects give to their clients; it must not be in any file."""

SECRET = "sk-from-the-environment-1"
"""The value of a key variable, in the environment of every round; likewise."""

_INI = """[pytest]
asyncio_mode = strict
asyncio_default_fixture_loop_scope = function
markers = sdk(name, *ways): an SDK or framework that this test shows to work, and the ways it is used
"""
_CIRCUMSTANCES = ("id", "started", "duration", "attempts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What three runs of one project left."""

    projects: tuple[str, ...]
    """The files in ``tests/e2e/projects``."""
    recorded: Ran
    requests: int
    """How many requests reached the provider while it was recorded."""
    files: dict[str, bytes]
    """Every cassette file after the recording."""
    replayed: Ran
    rerecorded: Ran
    files_after: dict[str, bytes]
    """Every cassette file after the second recording."""

    def calls(self, name: str) -> list[dict[str, Any]]:
        """The LLM calls of a test, as the `.jsonl` report of the replay has them."""
        return [entry for entry in self.replayed.entries(name) if entry["type"] == "llm_call"]


def three_rounds(
    folder: Path,
    *projects: str,
    beside: Iterable[str] = (),
    script: ScriptSource = None,
    env: Mapping[str, str] | None = None,
) -> Rounds:
    """Copy projects from ``tests/e2e/projects`` into a folder, with the modules they import `beside` them; run 3 times.

    Their tests find the provider at ``PROVIDER_URL``. It gives random ids, and is stopped after the first round.
    """
    for name in projects:
        shutil.copy(HERE / "projects" / name, folder / f"test_{name}")
    for name in beside:
        shutil.copy(HERE / "projects" / name, folder / name)
    (folder / "pytest.ini").write_text(_INI, encoding="utf-8")
    imported = _imported(folder)
    missing = sorted({name.partition(".")[0] for name in imported if not _is_installed(name.partition(".")[0])})
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    unraisable = ("-W", "error::pytest.PytestUnraisableExceptionWarning")
    with Preloaded((*imported_by_every_run(), *imported), env or {}) as preloaded:
        with Provider(script, random_ids=True) as provider:
            environment = {"PROVIDER_URL": provider.url, "SECRET_ENV_API_KEY": SECRET, "NO_PROXY": "*", **(env or {})}
            recorded = preloaded.run(folder, "--llm-record", env=environment)
            requests = provider.count
        files = _cassettes(folder)
        return Rounds(
            projects=projects,
            recorded=recorded,
            requests=requests,
            files=files,
            replayed=preloaded.run(folder, "--llm-trace", *unraisable, env=environment),
            rerecorded=preloaded.run(folder, "--llm-record", env=environment),
            files_after=_cassettes(folder),
        )


def _is_installed(name: str) -> bool:
    return name in sys.modules or find_spec(name) is not None


def _imported(folder: Path) -> list[str]:
    """What the modules in a folder import at their top and do not bring themselves."""
    names = set()
    for path in folder.glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
    own = {path.stem for path in folder.glob("*.py")}
    return sorted(name for name in names if name not in own and not name.startswith(("pytest", "tests")))


class EveryRound:
    """What holds for every project."""

    def test_everything_records(self, rounds: Rounds) -> None:
        """Each test of the project passes while it is recorded, and none is skipped unseen."""
        assert rounds.recorded.exit == 0, rounds.recorded.text
        assert rounds.requests > 0

    def test_everything_replays_without_the_provider(self, rounds: Rounds) -> None:
        """With the provider stopped each test passes, without a finding and without a live call."""
        assert rounds.replayed.exit == 0, rounds.replayed.text
        assert rounds.replayed.report["totals"]["live_calls"] == 0
        assert [row["nodeid"] for row in rounds.replayed.report["tests"] if row["findings"]] == []

    def test_recording_again_without_the_provider_changes_nothing(self, rounds: Rounds) -> None:
        """A recording of unchanged tests needs no provider and leaves every byte as it was."""
        assert rounds.rerecorded.exit == 0, rounds.rerecorded.text
        assert rounds.rerecorded.report["totals"]["live_calls"] == 0
        assert rounds.files_after == rounds.files

    def test_the_replay_observes_what_the_recording_did(self, rounds: Rounds) -> None:
        """Every entry of every test is the same in both, circumstances aside: usage and cost included."""
        names = [row["nodeid"] for row in rounds.recorded.report["tests"]]
        assert [row["nodeid"] for row in rounds.replayed.report["tests"]] == names
        for name in names:
            recorded, replayed = (
                sorted(map(_seen, ran.entries(name)), key=str) for ran in (rounds.recorded, rounds.replayed)
            )
            assert replayed == recorded, name

    def test_what_the_project_claims_to_show_was_run(self, rounds: Rounds) -> None:
        """Each test behind a cell of the table of SDKs made its calls in the replay, and passed."""
        ran = [f"::{row['nodeid']}" for row in rounds.replayed.report["tests"] if row["outcome"] == "passed"]
        claimed = [test for name in rounds.projects for claim in claims(PROJECTS / name) for test in claim.tests()]
        names = [name.partition("[")[0] for name in ran]
        assert [test for test in claimed if not any(name.endswith(f"::{test}") for name in names)] == []

    def test_no_secret_is_in_any_file(self, rounds: Rounds) -> None:
        """Neither keys of clients nor values of key variables are written."""
        written = b"".join(rounds.files.values())
        assert KEY.encode() not in written
        assert SECRET.encode() not in written


def _seen(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry without its circumstances, and without who answered."""
    seen = {name: value for name, value in entry.items() if name not in _CIRCUMSTANCES and name != "source"}
    if "attempts" in entry:
        seen["statuses"] = [attempt["status"] for attempt in entry["attempts"]]
    return seen


def _cassettes(folder: Path) -> dict[str, bytes]:
    """Every cassette file with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted((folder / "cassettes").rglob("*"))
        if path.is_file()
    }
