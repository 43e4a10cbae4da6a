"""Small projects under pytest, with a local provider behind them."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import pytest_llmtrace
from tests.provider import Provider
from tests.schemas import problems

for _module in (
    "deepdiff",
    "jinja2",
    "openai.resources.chat.completions",
    "openai.types.chat",
    "vcr.patch",
    "yaml",
    *(found.name for found in pkgutil.walk_packages(pytest_llmtrace.__path__, "pytest_llmtrace.")),
):
    importlib.import_module(_module)  # pytester forgets what an inner run imports, and these take seconds

_PLUGINS = ("pytest_llmtrace.plugin", "xdist.plugin", "pytest_rerunfailures", "pytest_timeout")
"""All that runs in other processes need: one of the installed plugins takes as long to import as a whole run."""

PRELUDE = """
    import openai, pytest

    def chat(*messages, model="gpt-4o-mini", **options):
        made = openai.OpenAI(base_url={url!r}, api_key="sk-plugin-0123456789", max_retries=0)
        with made:
            said = [{{"role": "user", "content": one}} if isinstance(one, str) else one for one in messages]
            return made.chat.completions.create(model=model, messages=said, **options).choices[0].message.content
"""


def timeless(text: str) -> str:
    """A report without the times in it."""
    return re.sub(r'"(started|duration|duration_s|live_s|seconds)": ?[^,}]+', "", text)


@dataclass
class Ran:
    """One run of pytest."""

    result: pytest.RunResult
    report: dict[str, Any] | None
    requests: int
    """Requests that reached the provider during the run."""

    @property
    def exit(self) -> int:
        return int(self.result.ret)

    @property
    def text(self) -> str:
        return self.result.stdout.str()

    @property
    def timeless(self) -> dict[str, Any]:
        """The report without what differs between two runs that did the same: seconds."""
        assert self.report is not None, self.text
        made: dict[str, Any] = _without_times(self.report)
        return made

    def outcomes(self, **expected: int) -> None:
        self.result.assert_outcomes(**expected)

    def test(self, name: str) -> dict[str, Any]:
        """The report's row of a test, by the end of its node id."""
        assert self.report is not None, self.text
        (row,) = [row for row in self.report["tests"] if row["nodeid"].endswith(name)]
        return row

    def findings(self, name: str) -> list[tuple[str, str | None]]:
        """Type and kind of each finding of a test."""
        return [(one["type"], one.get("kind")) for one in self.test(name)["findings"]]


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(item) for key, item in value.items() if key not in {"duration_s", "live_s"}}
    return [_without_times(item) for item in value] if isinstance(value, list) else value


class Project:
    """A project of one or more test files."""

    def __init__(self, pytester: pytest.Pytester, provider: Provider) -> None:
        self.pytester = pytester
        self.provider = provider
        self.path: Path = pytester.path
        self.header = False
        """Whether the head of a run is shown: pytest looks up the versions of all plugins for it, a sixth of a run."""

    def write(self, source: str, name: str = "test_it.py", *, prelude: bool = True) -> Path:
        """Write a test file; `chat(...)` and the imports are given."""
        head = textwrap.dedent(PRELUDE.format(url=self.provider.openai_url)) if prelude else ""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + textwrap.dedent(source), encoding="utf-8")
        return path

    def edit(self, old: str, new: str, name: str = "test_it.py") -> None:
        """Change a file; the old text must be in it."""
        path = self.path / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, *args: str, own_process: bool = False) -> Ran:
        """Run pytest with a JSON report, in this process or, slower, in one of its own."""
        file = self.path / "report.json"
        file.unlink(missing_ok=True)
        before = self.provider.count
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "dont_write_bytecode", True)  # an edited file may have the size and second of the old
            if own_process or any(one.startswith("-n") for one in args):
                patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
                patch.setenv("PYTEST_PLUGINS", ",".join(one for one in _PLUGINS if find_spec(one.partition(".")[0])))
            options = (
                "-p",
                "no:cacheprovider",
                "-p",
                "no:asyncio",
                "-p",
                "no:hypothesispytest",
                *(() if self.header else ("--no-header",)),
                "--assert=plain",  # rewriting every module of every inner run takes a fifth of the time
                f"--llm-report={file}",
            )
            run = self.pytester.runpytest_subprocess if own_process else self.pytester.runpytest_inprocess
            result = run(*options, *args)
        report = json.loads(file.read_text("utf-8")) if file.exists() else None
        assert report is None or problems("report", report) == []
        return Ran(result=result, report=report, requests=self.provider.count - before)

    def record(self, *args: str) -> Ran:
        """Record; everything must pass."""
        ran = self.run("--llm-record", *args)
        assert ran.exit == 0, ran.text
        return ran

    def replay(self, *args: str) -> Ran:
        """Replay; nothing may reach the provider."""
        ran = self.run("--llm-trace", *args)
        assert ran.requests == 0, ran.text
        return ran

    def cassettes(self) -> dict[str, bytes]:
        """Every cassette file with its content."""
        return {
            path.relative_to(self.path).as_posix(): path.read_bytes()
            for path in sorted(self.path.rglob("cassettes/**/*"))
            if path.is_file()
        }


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider that echoes; a test may start another with a script."""
    with Provider() as started:
        yield started


@pytest.fixture
def project(pytester: pytest.Pytester, provider: Provider) -> Project:
    """An empty project."""
    return Project(pytester, provider)


AGENT = """
    TOOLS = [
        {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
        for name in ("refund", "lookup")
    ]

    def test_agent():
        chat("order 123", tools=TOOLS)
"""


@pytest.fixture
def scripted(pytester: pytest.Pytester) -> Iterator[Callable[..., Project]]:
    """Makes a project whose provider gives these answers, one after the other."""
    started: list[Provider] = []

    def make(*answers: str, source: str = AGENT) -> Project:
        rules: list[dict[str, Any]] = [
            {"tool_calls": [{one.removeprefix("tool "): {}}], "times": 1}
            if one.startswith("tool ")
            else {"text": one, "times": 1}
            for one in answers
        ]
        provider = Provider(rules)
        started.append(provider)
        project = Project(pytester, provider)
        project.write(source)
        return project

    yield make
    for provider in started:
        provider.stop()
