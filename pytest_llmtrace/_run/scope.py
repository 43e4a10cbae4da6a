"""Which part of a project a run covers."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest


def search_roots(config: pytest.Config) -> list[Path]:
    """The folders that the run's tests are in: those named, else `testpaths`, else where pytest was started."""
    roots = []
    for argument in config.args:
        path = config.invocation_params.dir / argument.partition("::")[0]
        roots.append(path if path.is_dir() else path.parent)
    return sorted({root.resolve() for root in roots if root.is_dir()})


def is_full(session: pytest.Session) -> bool:
    """Whether nothing was left out: no selection, no early stop, every file imported, every argument a folder."""
    option = session.config.option
    selected = any(getattr(option, name, None) for name in _SELECTING)
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    left_out = bool(terminal is not None and terminal.stats.get("deselected"))  # by a plugin or a conftest
    folders = all((session.config.invocation_params.dir / one).is_dir() for one in session.config.args)
    ended = session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    stopped = bool(session.shouldstop or session.shouldfail)
    # Then a module that cannot be imported does not end the run, and its tests are missing.
    unread = bool(getattr(option, "continue_on_collection_errors", False) and session.testsfailed)
    return folders and ended and not (selected or left_out or stopped or unread)


_SELECTING: Final = ("keyword", "markexpr", "lf", "deselect", "ignore", "ignore_glob", "stepwise")
"""Options of pytest that leave tests out."""
