"""Which part of a project a run covers."""

from __future__ import annotations

from pathlib import Path

import pytest


def search_roots(config: pytest.Config) -> list[Path]:
    """The folders that the run's tests are in: those named, else `testpaths`, else where pytest was started."""
    roots = []
    for argument in config.args:
        path = config.invocation_params.dir / argument.partition("::")[0]
        roots.append(path if path.is_dir() else path.parent)
    return sorted({root.resolve() for root in roots if root.is_dir()})


def is_full(session: pytest.Session) -> bool:
    """Whether nothing was left out: no selection, no early stop, every argument a folder."""
    option = session.config.option
    selected = any(
        getattr(option, name, None) for name in ("keyword", "markexpr", "lf", "deselect", "ignore", "stepwise")
    )
    folders = all((session.config.invocation_params.dir / one).is_dir() for one in session.config.args)
    stopped = bool(session.shouldstop or session.shouldfail)
    return folders and not selected and not stopped
