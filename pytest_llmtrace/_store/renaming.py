"""Giving a file a name that nothing has yet, in one step."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final


def renamed(path: Path, name: Path) -> bool:
    """Rename a file, and say whether that was done; a file that has the name already is never replaced.

    Linux does it, on most file systems; Python offers only what replaces.
    """
    rename = _rename_to_new()
    if rename is None:
        return False
    sys.audit("os.rename", path, name, -1, -1)  # as `os.rename` does
    return rename(os.fsencode(path), os.fsencode(name))


@functools.cache
def _rename_to_new() -> Callable[[bytes, bytes], bool] | None:
    """What renames so; `None`: this system has no such thing."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # noqa: PLC0415  # only where something is recorded

    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError):
        return None
    return lambda path, name: bool(renameat2(_HERE, path, _HERE, name, _NO_REPLACE) == 0)


_HERE: Final = -100
"""``AT_FDCWD``: a path without a root begins where the process is."""
_NO_REPLACE: Final = 1
"""``RENAME_NOREPLACE``"""
