"""A pytest plugin that breaks the run it is in, as `LLMTRACE_FAULT` says: `KIND:STEP`.

Steps are counted from 1 over all that is done to cassettes: opening for writing, writing, syncing, renaming, removing,
making folders. `kill` ends the process before that step, `torn` in the middle of so manieth a write, `full` and
`read-only` make the step and every later one fail, and `clock` lets the time jump to and fro.
"""

from __future__ import annotations

import errno
import functools
import io
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

KIND, _, _NUMBER = os.environ.get("LLMTRACE_FAULT", "none:0").partition(":")
STEP = int(_NUMBER)
ERRORS = {"full": errno.ENOSPC, "read-only": errno.EROFS}
OURS = "/cassettes"
_done = 0


def _step(path: object) -> None:
    global _done  # noqa: PLW0603 -- one process, one count
    if KIND == "torn" or not isinstance(path, str | os.PathLike) or OURS not in os.fspath(path):
        return
    _done += 1
    if KIND == "kill" and _done == STEP:
        os.kill(os.getpid(), signal.SIGKILL)
    if KIND in ERRORS and _done >= STEP:
        raise OSError(ERRORS[KIND], os.strerror(ERRORS[KIND]), os.fspath(path))


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event == "open":
        if isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            _step(args[0])
    elif event == "os.truncate" and KIND != "full" and isinstance(args[0], int):
        _step(_path(args[0]))
    elif event in {"os.rename", "os.mkdir"} or (event == "os.remove" and KIND != "full"):  # a full disk lets files go
        _step(args[0])
    elif event == "os.link":  # a file that was made without a name gets one
        _step(args[1])


def _path(file: int) -> str:
    return str(Path(f"/proc/self/fd/{file}").readlink())


def _write(file: int, data: bytes, write: Any = os.write) -> int:
    path = _path(file)
    if OURS in path:
        _torn(lambda: write(file, data[: len(data) // 2]))
    _step(path)
    return int(write(file, data))


def _open(file: Any, *args: Any, opened: Any = io.open, **options: Any) -> Any:
    """`pathlib` opens files with this; what it opens writes in steps, too."""
    made = opened(file, *args, **options)
    if made.writable() and OURS in str(file):
        made.write = functools.partial(_write_whole, file, made, made.write)
    return made


def _write_whole(path: object, file: Any, write: Any, data: Any) -> Any:
    _torn(lambda: (write(data[: len(data) // 2]), file.flush()))
    _step(path)
    return write(data)


def _torn(write_half: Any) -> None:
    global _done  # noqa: PLW0603 -- one process, one count
    if KIND == "torn":
        _done += 1
        if _done == STEP:
            write_half()
            os.kill(os.getpid(), signal.SIGKILL)


def _fsync(file: int, fsync: Any = os.fsync) -> None:
    _step(_path(file))
    fsync(file)


if KIND == "clock":
    _jumps = random.Random(STEP)
    _true = time.time
    time.time = lambda: _true() + _jumps.uniform(-1e6, 1e6)
elif KIND != "none":
    os.write, os.fsync, io.open = _write, _fsync, _open  # type: ignore[assignment]
    sys.addaudithook(_audit)
