"""Which part of a project a run covers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

_SELECTIONS: Final = (
    *("keyword", "markexpr", "lf", "deselect", "ignore", "ignore_glob", "stepwise"),
    *("collectonly", "setuponly", "setupplan"),
)
"""Options under which tests do not run."""
_ENDED: Final = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
"""Exit statuses of a run that went through to its end."""


def search_roots(config: pytest.Config) -> list[Path]:
    """The folders that the run's tests are in: those named, else `testpaths`, else where pytest was started."""
    roots = []
    for argument in config.args:
        path = config.invocation_params.dir / argument.partition("::")[0]
        roots.append(path if path.is_dir() else path.parent)
    return sorted({root.resolve() for root in roots if root.is_dir()})


class Coverage:
    """What is known of the tests that did not run."""

    def __init__(self) -> None:
        self.partial = False
        """Whether tests are known to have been left out: deselected, not collected, lost with a worker."""
        self.skipped_modules: set[str] = set()
        """Node ids of modules that were skipped as a whole, so that nobody knows their tests."""
        self._collected = 0

    def collected(self) -> None:
        """Count one test that was found."""
        self._collected += 1

    def kept(self, session: pytest.Session) -> None:
        """Compare with what is left to run: whoever took tests away, by option or by plugin."""
        self.partial |= len(session.items) < self._collected

    def collect_report(self, report: Any) -> None:
        """Take in how collecting a module, or anything else, ended."""
        self.partial |= bool(report.failed)
        if report.skipped:
            self.skipped_modules.add(report.nodeid)

    def to_data(self) -> dict[str, Any]:
        """What an xdist worker knows, for the controller."""
        return {"partial": self.partial, "skipped_modules": sorted(self.skipped_modules)}

    def add_worker(self, data: dict[str, Any] | None) -> None:
        """Take in what a worker knows; `None`: it crashed."""
        self.partial |= data is None or bool(data["partial"])
        self.skipped_modules |= set(data["skipped_modules"]) if data is not None else set()

    def is_full(self, session: pytest.Session) -> bool:
        """Whether nothing was left out: no selection, no early stop, every argument a folder."""
        option, started = session.config.option, session.config.invocation_params.dir
        selected = any(getattr(option, name, None) for name in _SELECTIONS)
        folders = all((started / one).is_dir() for one in session.config.args)
        stopped = bool(session.shouldstop or session.shouldfail) or session.exitstatus not in _ENDED
        return folders and not selected and not stopped and not self.partial
