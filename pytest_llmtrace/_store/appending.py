"""A file that several processes append to."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Final

from pytest_llmtrace._store.locks import use


def opened(path: Path) -> int:
    """The file of this name, made where there is none; no other process removes or renames it until it is closed.

    Raises:
        OSError: the operating system refused, or it is no regular file.
    """
    file = _opened(path)
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), os.lstat(path)):
                break
        os.close(file)  # before we said that we need it, another process has taken it away
        file = _opened(path)
    return file


def write(file: int, data: bytes) -> None:
    """All of the data, in one write where the operating system lets us."""
    while data:
        data = data[os.write(file, data) :]


def _opened(path: Path) -> int:
    try:
        file = os.open(path, _MODE, 0o666)
    except FileNotFoundError:  # nearly always there is the folder
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, _MODE, 0o666)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "it is no regular file")
    use(file)
    return file


_TRIES: Final = 5
_FLAGS: Final = sum(getattr(os, name, 0) for name in ("O_BINARY", "O_NOFOLLOW", "O_NONBLOCK"))
_MODE: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | _FLAGS
"""Windows would turn line ends otherwise; a symbolic link that somebody committed leads out of the folder, and a pipe
has nobody at its other end."""
