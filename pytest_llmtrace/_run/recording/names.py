"""How files are named in what people read."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from pytest_llmtrace._model.bounded_reading import File


def relative(path: File, root: Path) -> str:
    """The path as it is shown: relative to the root directory where it is below it, with forward slashes."""
    text, top = os.fspath(path), _beginning(root)  # `Path` takes fifteen times as long
    if text.startswith(top) and os.pardir not in text:
        return text[len(top) :].replace(os.sep, "/")
    path = Path(path)
    return Path(os.path.relpath(path, root)).as_posix() if path.is_relative_to(root) else path.as_posix()


@functools.lru_cache(maxsize=4)  # a run has one root
def _beginning(root: Path) -> str:
    return os.path.join(root, "")  # noqa: PTH118
