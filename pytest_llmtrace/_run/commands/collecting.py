"""Where the tests that pytest collects look for their cassettes: no test is run."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_llmtrace._settings.early import litellm_kept_local
from pytest_llmtrace._store.paths import test_cassette
from pytest_llmtrace.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """The tests below a folder."""

    tests: int
    goldens: frozenset[Path]
    """Where their golden traces are, or would be: resolved paths. Deselected tests are tests, too."""
    functions: frozenset[tuple[Path, str]]
    """Their files, and their names without parameters."""


def collected_below(folder: Path) -> Collected:
    """Collect all tests at or below a folder, with the project's own settings.

    Raises:
        SettingsError: a file could not be collected; the text is what pytest said. What it holds is not known then.
    """
    collector = _Collector()
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), litellm_kept_local():
        code = pytest.main([str(folder), "--collect-only", "-q", "-s"], plugins=[collector])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) or collector.failed:
        failed = "".join(f"\n  {nodeid}" for nodeid in collector.failed)
        raise SettingsError(
            f"pytest could not collect all tests of {folder}, so nobody knows which cassettes they use:{failed}\n"
            f"{said.getvalue().strip()}"
        )
    items = collector.items
    return Collected(
        tests=len(items),
        goldens=frozenset(_golden(item) for item in items),
        functions=frozenset((item.path.resolve(), _name(item).partition("[")[0]) for item in items),
    )


def _golden(item: pytest.Item) -> Path:
    return test_cassette(item.path, _name(item) or item.path.stem).golden.resolve()


def _name(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[2]


class _Collector:
    """A plugin of that run."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []
        self.failed: list[str] = []

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Options of the project leave these out; they are there all the same."""
        self.items += items

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file or class was collected, or not."""
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """All tests are known."""
        self.items += session.items
