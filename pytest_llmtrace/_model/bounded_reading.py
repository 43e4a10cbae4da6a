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


Stamp = tuple[int, int, int, int, int]
"""Of a file: when it was written and when anything of it changed, in nanoseconds since 1970, its size, and which one it
is. Where it has the stamp that it had, nobody has written to it since, unless in the same tick of the clock."""


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
    return read_stamped(path, most)[0]


def read_stamped(path: File, most: int = LARGEST_FILE) -> tuple[bytes, Stamp]:
    """The same, and the stamp that it had when it was opened. Raises: as `read_regular`."""
    file, found = _opened(path)
    size = found.st_size
    try:
        data = os.read(file, min(size, most) + 1)
        if len(data) == size and 0 < size <= most:  # nearly always: it ends where it said, and is not asked once more
            return data, _stamp(found)
        data += _read(file, min(size, most) + 1 - len(data))
        while size < len(data) <= most and (more := os.read(file, _PIECE)):  # it grows, or has no size: one of /proc
            data += more
    finally:
        os.close(file)
    if max(len(data), size) > most:
        raise TooLargeError(errno.EFBIG, f"it has more than {most} bytes")
    return data, _stamp(found)


def stamp_of(path: File) -> Stamp | None:
    """The stamp of what lies there now; `None` where nothing does that can be asked."""
    try:
        return _stamp(os.stat(path))  # noqa: PTH116  # see `File`
    except OSError:
        return None


def read_head(path: File, most: int) -> bytes:
    """As much of the beginning of a regular file. Raises: what `read_regular` does, but for its size."""
    file, found = _opened(path)
    try:
        return _read(file, min(most, found.st_size) or most)  # one of /proc says that it has none
    finally:
        os.close(file)


def _opened(path: File) -> tuple[int, os.stat_result]:
    """A regular file, open for reading, and what it is. Raises: UnfitFileError, OSError.

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
    return file, found


def _read(file: int, most: int) -> bytes:
    """So many bytes, or as many as there are."""
    data = os.read(file, most)
    while len(data) < most and (more := os.read(file, most - len(data))):
        data += more
    return data


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev


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
