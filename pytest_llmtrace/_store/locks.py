"""Locks on a file that several processes write, where the operating system has them (not on Windows).

They are on bytes beyond any content and end with the process, however it ends. A file system without locks does
without: there the size of the file must tell.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final


class alone:  # noqa: N801  # as `contextlib.suppress`; each call of a recording is written in one
    """While this holds, no other process is in here with the same file."""

    __slots__ = ("_file",)

    def __init__(self, file: int) -> None:
        self._file = file

    def __enter__(self) -> None:
        _lock(self._file, _WRITING, _EXCLUSIVE)

    def __exit__(self, *_error: object) -> None:
        _lock(self._file, _WRITING, _FREE)


def use(file: int) -> None:
    """Say that this process needs the file, until it closes it."""
    _lock(file, _USED, _SHARED)


def needed_by_others(file: int) -> bool:
    """Whether another process may need the file. If not, none can begin to before `use`."""
    if _locks is None:
        return True
    try:
        _locks.lockf(file, _EXCLUSIVE | _AT_ONCE, 1, _USED, os.SEEK_SET)
    except OSError:  # somebody has one, or the file system has none
        return True
    return False


def times_forked() -> int:
    """How often this process was forked. A fork has its open files, and none of its locks."""
    return len(_FORKED)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """While this holds, nobody else is in here with the same folder. Where folders cannot be locked, they may be."""
    file = _opened(folder)
    try:
        if file is not None and _locks is not None:
            with contextlib.suppress(OSError):  # a file system without locks
                _locks.flock(file, _locks.LOCK_EX)
        yield
    finally:
        if file is not None:
            os.close(file)


def _opened(folder: Path) -> int | None:
    try:
        return os.open(folder, os.O_RDONLY)
    except OSError:  # no such folder, or a system that opens none
        return None


@contextlib.contextmanager
def unneeded(path: Path) -> Iterator[bool]:
    """Whether no other process needs the file; while this holds, none can begin to."""
    if _locks is None:
        yield True
        return
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        yield True  # there is none, or who removes it is told what is wrong
        return
    try:
        yield _lock(file, _USED, _EXCLUSIVE | _AT_ONCE)
    finally:
        os.close(file)


def _lock(file: int, byte: int, kind: int) -> bool:
    """Whether the lock was had, or there are none to have."""
    if _locks is None:
        return True
    try:
        _locks.lockf(file, kind, 1, byte, os.SEEK_SET)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks
        pass
    return True


def _module() -> Any:
    try:
        return importlib.import_module("fcntl")
    except ImportError:
        return None


_FORKED: Final[list[None]] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_parent=lambda: _FORKED.append(None), after_in_child=lambda: _FORKED.append(None))
_locks: Final = _module()
_EXCLUSIVE, _SHARED, _FREE, _AT_ONCE = (getattr(_locks, f"LOCK_{name}", 0) for name in ("EX", "SH", "UN", "NB"))
_WRITING: Final = 1 << 62
_USED: Final = _WRITING + 1
