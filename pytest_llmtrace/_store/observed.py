"""The folder that `--llm-save` names: observed traces, in the form and the layout of golden ones.

It is marked, so that nobody takes what lies in it for cassettes, and so that it is written into again without a doubt.
"""

from __future__ import annotations

import os
from dataclasses import replace
from glob import escape
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._store import atomic
from pytest_llmtrace._store.golden_file import Golden, dump_golden
from pytest_llmtrace._store.ordering import fan_outs_in_order
from pytest_llmtrace._store.paths import GOLDEN, OBSERVED, is_further
from pytest_llmtrace.errors import SettingsError, StorageError

_MARK: Final = "Traces that pytest --llm-save observed: no cassettes. `llmtrace diff` compares them. Safe to delete.\n"
_OUTSIDE: Final = "_outside"


def claim_folder(folder: Path) -> None:
    """Make the folder, and see that it can be written, before anything is paid for.

    Raises:
        SettingsError: it holds something else, such as the project itself, or it cannot be written.
    """
    mark = folder / OBSERVED
    try:
        if folder.is_dir() and not mark.exists() and any(not one.name.startswith(".") for one in folder.iterdir()):
            raise SettingsError(
                f"--llm-save={folder}: holds other files; name a new folder, or one that an earlier run has made"
            )
        if mark.exists() and not (os.access(folder, os.W_OK | os.X_OK) and os.access(mark, os.W_OK)):
            raise SettingsError(f"--llm-save={folder}: cannot be written (permission denied); name another folder")
        atomic.write_text(mark, _MARK)
    except (OSError, StorageError) as error:
        raise SettingsError(f"--llm-save={folder}: cannot be written; name another folder\n{error}") from None


def observed_file(folder: Path, golden: Path, root: Path, run: int | None = None) -> Path:
    """Where the trace observed for a golden file is kept: at the same place relative to the root directory.

    Args:
        folder: What `claim_folder` made.
        golden: The golden trace of the owner, whether it exists or not.
        root: The root directory of the project.
        run: The number of the run, where a test is repeated; the first has the plain name.
    """
    stem = golden.name.removesuffix(GOLDEN)
    name = golden.name if run in (None, 1) else f"{stem}.run-{run}{GOLDEN}"
    if golden.is_relative_to(root):
        return folder / golden.parent.relative_to(root) / name
    return folder / _OUTSIDE / digest(golden.parent.as_posix())[:8] / name


def write_observed(path: Path, observed: Golden) -> None:
    """Write one trace. Raises: StorageError."""
    atomic.write_text(path, dump_golden(replace(observed, trace=fan_outs_in_order(observed.trace))))


def forget_observed(path: Path) -> None:
    """Remove what an earlier run of pytest observed of an owner, its further runs too: it did not happen in this one.

    Args:
        path: The file of the first run.

    Raises:
        StorageError: the operating system refused.
    """
    stem = path.name.removesuffix(GOLDEN)
    for further in path.parent.glob(f"{escape(stem)}.run-*{GOLDEN}"):
        if is_further(further.name):
            atomic.remove(further)
    atomic.remove(path)
