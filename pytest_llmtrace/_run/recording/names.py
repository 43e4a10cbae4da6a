"""How files are named in what people read."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.bounded_reading import File
from pytest_llmtrace._store.paths import GOLDEN, TAPE, Cassette


def relative(path: File, root: Path) -> str:
    """The path as it is shown: relative to the root directory where it is below it, with forward slashes."""
    text, top = os.fspath(path), _beginning(root)  # `Path` takes fifteen times as long
    if text.startswith(top) and os.pardir not in text:
        return text[len(top) :].replace(os.sep, "/")
    path = Path(path)
    return Path(os.path.relpath(path, root)).as_posix() if path.is_relative_to(root) else path.as_posix()


def shown_files(cassette: Cassette, root: Path) -> tuple[str, str]:
    """The golden trace and the tape of a cassette as `relative` has them; the tests of a file have one folder."""
    folder, top, shown = _LAST[0]
    if folder is not cassette.folder or top is not root:
        shown = relative(f"{cassette.folder}{os.sep}*", root)[:-1]  # which ends in a slash, unless it is the root
        _LAST[0] = cassette.folder, root, shown
    return f"{shown}{cassette.stem}{GOLDEN}", f"{shown}{cassette.stem}{TAPE}"


_LAST: Final[list[tuple[Path | None, Path | None, str]]] = [(None, None, "")]
"""A folder and a root directory that were asked for last, and how the folder is shown."""


@functools.lru_cache(maxsize=4)  # a run has one root
def _beginning(root: Path) -> str:
    return os.path.join(root, "")  # noqa: PTH118
