"""Suites that use other plugins beside ours, run in forks of one process that has imported what takes seconds."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.conftest import Preloaded, Ran
from tests.provider import Provider
from tests.provider.script import ScriptSource

NEIGHBOURS: Final = Path(sys.prefix) / "neighbours"
"""What `python -m tests.neighbours` fills; `make test` sees to it."""

PROJECTS: Final = Path(__file__).parent / "projects"
_EVERYWHERE: Final = (
    "anyio.pytest_plugin",
    "deepdiff",
    "jinja2",
    "openai.resources.chat.completions",
    "openai.types.chat",
    "pytest_asyncio.plugin",
    "pytest_cov.plugin",
    "pytest_httpx",
    "pytest_llmtrace._report.files.endings",
    "pytest_llmtrace._report.terminal.summary",
    "pytest_llmtrace._run.run",
    "pytest_mockllm.plugin",
    "pytest_randomly",
    "pytest_recording.plugin",
    "pytest_rerunfailures",
    "pytest_trio.plugin",
    "respx.plugin",
    "syrupy",
    "vcr.patch",
    "xdist.plugin",
    "yaml",
)
"""What every run would import again."""
_QUIET: Final = {"DEEPEVAL_TELEMETRY_OPT_OUT": "1"}
_INI: Final = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
_SLOW: Final = {
    "deepeval": "deepeval",
    "inline_snapshot": "inline_snapshot",
    "logfire": "logfire",
    "pytest_logfire": "logfire",
    "langsmith_plugin": "langsmith",
}
"""Plugins that take long to import, by the package they come with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A folder with tests, and the provider that they ask."""

    pytest: Preloaded
    folder: Path
    provider: Provider
    without: tuple[str, ...]
    """Arguments that leave plugins away which nobody uses here and which take long to import."""

    def run(self, *args: str, **env: str) -> Ran:
        """Run the tests, with every installed plugin, shuffled by `--randomly-seed=1` unless told otherwise."""
        environment = {"PROVIDER_URL": self.provider.openai_url, "OPENAI_API_KEY": "", **env}
        return self.pytest.run(self.folder, *self.without, "-p", "no:hypothesispytest", *args, env=environment)

    def record(self, *args: str, **env: str) -> Ran:
        """Record; everything must pass."""
        ran = self.run("--llmtrace-record", *args, **env)
        assert ran.exit == 0, ran.text
        return ran

    def replay(self, *args: str, **env: str) -> Ran:
        """Replay; everything must pass, and nothing may reach the provider."""
        before = self.provider.count
        ran = self.run("--llm-trace", *args, **env)
        assert ran.exit == 0, ran.text
        assert self.provider.count == before
        return ran

    def cassettes(self) -> dict[str, bytes]:
        """Every cassette file with its content."""
        found = sorted((self.folder / "cassettes").rglob("*"))
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in found if path.is_file()}


@pytest.fixture(scope="module")
def preloaded(request: pytest.FixtureRequest) -> Iterator[Preloaded]:
    """The process; a module names in `IMPORTED` what its suites import."""
    if not (NEIGHBOURS / "requirements.txt").exists():
        pytest.skip(f"the other plugins are not in {NEIGHBOURS}: `make test` puts them there")
    path = os.pathsep.join(filter(None, [str(NEIGHBOURS), os.environ.get("PYTHONPATH")]))
    plugins = {} if "logfire" in request.module.IMPORTED else {"PYDANTIC_DISABLE_PLUGINS": "__all__"}
    with Preloaded((*_EVERYWHERE, *request.module.IMPORTED), {"PYTHONPATH": path, **_QUIET, **plugins}) as process:
        yield process


@pytest.fixture
def suite(preloaded: Preloaded, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Suite]]:
    """Makes a suite of files in `projects`, with a provider that follows a script, or the one of a suite `beside`."""
    started: list[Provider] = []
    imported = {name.partition(".")[0] for name in request.module.IMPORTED}
    without = tuple(f"-pno:{name}" for name, package in _SLOW.items() if package not in imported)

    def make(*names: str, script: ScriptSource = None, beside: Suite | None = None) -> Suite:
        folder = tmp_path / f"suite-{len(started)}"
        folder.mkdir()
        for name in names:
            shutil.copy(PROJECTS / name, folder / f"test_{name}")
        shutil.copy(PROJECTS / "asking.py", folder)
        (folder / "pytest.ini").write_text(_INI, encoding="utf-8")
        provider = beside.provider if beside is not None else Provider(script)
        started.append(provider)
        return Suite(pytest=preloaded, folder=folder, provider=provider, without=without)

    yield make
    for provider in started:
        provider.stop()
