"""Making sure that files survive the end of the machine, many with one wait for the disk.

A sync of each file waits for the disk each time, 1-6 ms; one of the file system waits once, for all that was written to
it. Linux has the latter; where there is none, each file is synced.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pytest_llmtrace._model.bounded_reading import File


def sync_files(folders: Mapping[Path, Iterable[str]]) -> None:
    """Have the files in these folders, and their names, on the disk when this returns.

    Those that are gone by now are left out.

    Raises:
        OSError: the operating system refused.
    """
    synced: set[int] = set()
    whole = _sync_file_system()
    for folder, found in folders.items():
        with contextlib.suppress(FileNotFoundError):  # somebody removed the folder, and all that was in it
            device = folder.stat().st_dev
            if device in synced:
                continue
            if whole is None:
                _sync_each(folder, found)
            else:
                _sync(folder, whole)
                synced.add(device)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable, where folders can be opened and synced (not on Windows)."""
    with contextlib.suppress(OSError):
        _sync(folder, os.fsync)


def _sync_each(folder: Path, files: Iterable[str]) -> None:
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            _sync(file, os.fsync)
    sync_folder(folder)


def _sync(path: File, sync: Callable[[int], Any]) -> None:
    # Windows syncs only what may be written, and opens no folder.
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        sync(handle)
    finally:
        os.close(handle)


@functools.cache
def _sync_file_system() -> Callable[[int], None] | None:
    """What syncs the file system that an open file is on; `None`: this system has no such thing."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # noqa: PLC0415  # only where something is recorded

    try:
        syncfs = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return None

    def sync(handle: int) -> None:
        if syncfs(handle) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return sync
