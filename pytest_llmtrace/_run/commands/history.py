"""What `llmtrace history` needs to know of a project: its name."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_llmtrace._history.origin import origin
from pytest_llmtrace._store.git import remote
from pytest_llmtrace.errors import GitError


def project_at(folder: Path) -> str:
    """The name that runs in a folder have given to their project."""
    try:
        checkout = remote(folder)
    except GitError:
        checkout = None
    return origin(os.environ, checkout, folder).project
