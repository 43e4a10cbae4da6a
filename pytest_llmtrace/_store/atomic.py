"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.bounded_reading import File
from pytest_llmtrace._store.syncing import sync_folder
from pytest_llmtrace.errors import StorageError


def write_text(path: Path, text: str, *, settled: bool = True) -> bool:
    """Write text as UTF-8; see `write_bytes`."""
    return write_bytes(path, text.encode(), settled=settled)


def write_bytes(path: Path, data: bytes, *, settled: bool = True) -> bool:
    """Replace a file's content in one step, and say whether that was needed.

    A reader, and a crash at any moment, finds the old content or the new one. Parent directories are made. A file
    that holds the data already is not touched. A symbolic link is replaced, not followed.

    Args:
        path: the file.
        data: what it is to hold.
        settled: whether a power cut finds the new content, too, when this returns; else whoever asks sees to that, for
            all that was written at once (`syncing`). An old file is not given up before the new one is on the disk.

    Raises:
        StorageError: the operating system refused; the old file is as it was.
    """
    try:
        status = _status(path)
        if status is not None and _holds(path, data, status):
            return False
        there = status is not None
        try:
            _replace(path, data, there=there, synced=settled or there)
        except FileNotFoundError:  # nearly always there is the folder
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, data, there=there, synced=settled or there)
    except OSError as error:
        raise refused(path, "written", error) from error
    if settled:
        sync_folder(path.parent)
    return True


def create_text(path: File, text: str) -> bool:
    """Write text as UTF-8; see `create_bytes`."""
    return create_bytes(path, text.encode())


def create_bytes(path: File, data: bytes) -> bool:
    """Make a file that is not there yet, and say whether that was done: what is there by now is not touched.

    A reader, and a crash at any moment, finds nothing or all of it. Whether a power cut does is up to whoever asks, as
    with `write_bytes`, which is for what is there.

    Raises:
        StorageError: the operating system refused; there is no such file.
    """
    folder = os.fspath(path).rpartition(os.sep)[0] or os.curdir  # as text: a path takes 5 µs to make
    if folder not in _NAMED_AT_ONCE and _UNNAMED:
        try:
            _name(os.fspath(path), folder, data)
        except FileExistsError:
            return False
        except FileNotFoundError:  # no such folder
            pass
        except OSError:  # this file system cannot, or the disk is full: the other way tells
            _NAMED_AT_ONCE.add(folder)
        else:
            return True
    return _status(path) is None and write_bytes(Path(path), data, settled=False)


def holds(path: Path, data: bytes) -> bool:
    """Whether a file is there, is a regular one, can be read, and has just this content."""
    status = _status(path)
    return status is not None and _holds(path, data, status)


def remove(path: Path) -> bool:
    """Remove a file, and say whether there was one.

    Raises:
        StorageError: the operating system refused.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise refused(path, "removed", error) from error
    return True


def refused(path: Path, done: str, error: OSError) -> StorageError:
    """The error that names the file, what could not be done with it, and why."""
    return StorageError(f"{path} could not be {done}: {error.strerror or error}")


def _status(path: File) -> os.stat_result | None:
    """What a path is, links not followed; `None` where there is nothing, or nothing that can be asked about."""
    try:
        return os.lstat(path)
    except OSError:
        return None


def _holds(path: Path, data: bytes, status: os.stat_result) -> bool:
    try:
        return stat.S_ISREG(status.st_mode) and status.st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _name(path: str, folder: str, data: bytes) -> None:
    """Make a file in a folder that has no name before it is whole: no other is made on the way, and none is left."""
    file = os.open(folder, os.O_WRONLY | _UNNAMED, 0o666)
    try:
        _write(file, data)
        # With a descriptor Python asks for `linkat`, which follows the link.
        os.link(f"/proc/self/fd/{file}", path, src_dir_fd=file, follow_symlinks=True)
    finally:
        os.close(file)


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _replace(path: Path, data: bytes, *, there: bool, synced: bool) -> None:
    # In the same directory, because a rename is atomic only within one file system. As text: a path takes 5 µs to make.
    temporary = os.path.join(os.path.dirname(path), f".llmtrace-{secrets.token_hex(8)}.tmp")  # noqa: PTH118, PTH120
    try:
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o666)
        try:
            _write(file, data)
            if synced:
                os.fsync(file)
        finally:
            os.close(file)
        if there:
            with contextlib.suppress(OSError):  # it is gone by now, or on a file system without modes
                os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))  # noqa: PTH101
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


_FLAGS: Final = getattr(os, "O_BINARY", 0)
"""Windows would turn line ends otherwise."""
_UNNAMED: Final = getattr(os, "O_TMPFILE", 0)
"""Linux makes files that have no name, and names them later in one step."""
_NAMED_AT_ONCE: Final[set[str]] = set()
"""Folders on file systems that do not, as it turned out."""
