"""Reading files that others made: regular ones only, so much and no more, and without waiting for anybody."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.bounds import LARGEST_FILE

File = Path | str
"""The place of a file. What each test reads is a text: a `Path` takes many steps to make."""


class UnfitFileError(OSError):
    """Something by the name of a file that is no file to be read: a pipe, a device, a directory."""

    def __str__(self) -> str:
        return str(self.strerror)


class TooLargeError(UnfitFileError):
    """A file with more bytes than it may have."""


def read_regular(path: File, most: int = LARGEST_FILE) -> bytes:
    """The content of a regular file.

    Args:
        path: symbolic links are followed.
        most: bytes that it may have.

    Raises:
        TooLargeError: it is larger.
        UnfitFileError: it is no regular file. Nothing waits for a pipe, and no device is opened.
        OSError: the operating system refused.
    """
    file, size = _opened(path)
    try:
        data = os.read(file, min(size, most) + 1)
        if len(data) == size and 0 < size <= most:  # nearly always: it ends where it said, and is not asked once more
            return data
        data += _read(file, min(size, most) + 1 - len(data))
        while size < len(data) <= most and (more := os.read(file, _PIECE)):  # it grows, or has no size: one of /proc
            data += more
    finally:
        os.close(file)
    if max(len(data), size) > most:
        raise TooLargeError(errno.EFBIG, f"it has more than {most} bytes")
    return data


def read_head(path: File, most: int) -> bytes:
    """As much of the beginning of a regular file. Raises: what `read_regular` does, but for its size."""
    file, size = _opened(path)
    try:
        return _read(file, min(most, size) or most)  # one of /proc says that it has none
    finally:
        os.close(file)


def _opened(path: File) -> tuple[int, int]:
    """A regular file, open for reading, and its size. Raises: UnfitFileError, OSError.

    It is read at once, and what Python's file objects have for other uses takes as long as all else.
    """
    _check(os.stat(path).st_mode)  # noqa: PTH116  # opening a device or a pipe may do something, or wait for somebody
    file = os.open(path, _FLAGS)
    try:
        found = os.fstat(file)
        _check(found.st_mode)  # it may have been exchanged in between
    except BaseException:
        os.close(file)
        raise
    return file, found.st_size


def _read(file: int, most: int) -> bytes:
    """So many bytes, or as many as there are."""
    data = os.read(file, most)
    while len(data) < most and (more := os.read(file, most - len(data))):
        data += more
    return data


def _check(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = next((name for test, name in _KINDS if test(mode)), "something else")
        raise UnfitFileError(errno.EINVAL, f"it is no file but {kind}")


_FLAGS: Final = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
_PIECE: Final = 1024 * 1024
_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
