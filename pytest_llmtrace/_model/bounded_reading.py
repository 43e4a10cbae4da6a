"""Reading files that others made: regular ones only, so much and no more, and without waiting for anybody."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

from pytest_llmtrace._model.bounds import LARGEST_FILE


class UnfitFileError(OSError):
    """Something by the name of a file that is no file to be read: a pipe, a device, a directory."""

    def __str__(self) -> str:
        return str(self.strerror)


class TooLargeError(UnfitFileError):
    """A file with more bytes than it may have."""


def read_regular(path: Path, most: int = LARGEST_FILE) -> bytes:
    """The content of a regular file.

    Args:
        path: symbolic links are followed.
        most: bytes that it may have.

    Raises:
        TooLargeError: it is larger.
        UnfitFileError: it is no regular file. Nothing waits for a pipe, and no device is opened.
        OSError: the operating system refused.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(min(size, most) + 1) or b""
        while size < len(data) <= most and (more := file.read(_PIECE)):  # it grows, or has no size: one of /proc
            data += more
    if max(len(data), size) > most:
        raise TooLargeError(errno.EFBIG, f"it has more than {most} bytes")
    return data


def read_head(path: Path, most: int) -> bytes:
    """As much of the beginning of a regular file. Raises: what `read_regular` does, but for its size."""
    with open_regular(path) as file:
        return file.read(most) or b""


def open_regular(path: Path) -> BinaryIO:
    """A regular file, open for reading. Raises: UnfitFileError, OSError."""
    _check(path.stat().st_mode)  # opening a device or a pipe may do something, or wait for somebody
    file = open(path, "rb", opener=_opened)  # noqa: SIM115  # `Path.open` takes no opener; the caller closes it
    try:
        _check(os.fstat(file.fileno()).st_mode)  # it may have been exchanged in between
    except BaseException:
        file.close()
        raise
    return file


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | _AT_ONCE)


def _check(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = next((name for test, name in _KINDS if test(mode)), "something else")
        raise UnfitFileError(errno.EINVAL, f"it is no file but {kind}")


_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_PIECE: Final = 1024 * 1024
_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
