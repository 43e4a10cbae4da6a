"""Runs that wait for their database, a file each: what a run cannot send is not lost, and sent by the next one.

`FOLDER` lies in the root directory of the project, ignored by git, with a folder per database in it, so that no run
ends up in a database that it was not meant for. Files can be read by their owner alone.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pytest_llmtrace._history.record import Record, dumps, loads, started
from pytest_llmtrace._model.bounded_reading import read_regular

FOLDER: Final = Path(".llmtrace") / "history"
"""Relative to the root directory."""
ASIDE: Final = "set-aside"
"""The folder, in that of a database, of files that no database takes."""
_ENDING: Final = ".json"
_LARGEST: Final = 256 * 1024 * 1024
_GITIGNORE: Final = b"# Runs that wait for their database (--llm-history); made by pytest-llmtrace.\n*\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spool:
    """The waiting runs of one project for one database."""

    root: Path
    """The project's root directory."""
    digest: str
    """The database's."""

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.root / FOLDER / self.digest

    def keep(self, record: Record) -> Path:
        """Write a run, whole or not at all. Raises: OSError."""
        folder = self.folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = self.root / FOLDER.parts[0] / ".gitignore"
        if not ignore.exists():
            _write(ignore, _GITIGNORE)
        path = folder / f"{started(record):%Y%m%dT%H%M%S}-{record['run']['run_id']}{_ENDING}"
        _write(path, dumps(record))
        return path

    def waiting(self) -> list[Path]:
        """The files, the oldest run first. Raises: OSError."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if path.name.endswith(_ENDING) and not path.is_dir())

    def set_aside(self, path: Path) -> Path:
        """Move a file that no database takes out of the way. Returns where it is. Raises: OSError."""
        aside = self.folder / ASIDE
        aside.mkdir(mode=0o700, exist_ok=True)
        target = aside / path.name
        if target.exists():
            target = aside / f"{path.stem}-{secrets.token_hex(4)}{_ENDING}"
        path.replace(target)
        return target

    def others(self) -> int:
        """How many runs of this project wait for other databases. Raises: OSError."""
        names = digests(self.root)
        return sum(len(Spool(root=self.root, digest=name).waiting()) for name in names if name != self.digest)


def digests(root: Path) -> list[str]:
    """The databases for which runs of a project wait, or waited. Raises: OSError."""
    folder = root / FOLDER
    return sorted(one.name for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []


def read(path: Path) -> Record:
    """The run in a file. Raises: DamagedRunError, NewerRunError, OSError."""
    return loads(read_regular(path, _LARGEST))


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """While this holds, no other process sends the file; `False`: one does, or has done so.

    The lock is on the file itself and ends with the process, however it ends. Where there are no such locks (Windows),
    two processes may send a run, and the database keeps one.
    """
    if importlib.util.find_spec("fcntl") is None:
        yield path.exists()  # and an open file could not be removed there
        return
    file: int | None
    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        yield False
        return
    except OSError:
        file = None  # whoever reads it will say what is wrong with it
    if file is None:
        yield True
        return
    try:
        yield _locked(file) and _is_still_there(file, path)
    finally:
        os.close(file)


def _locked(file: int) -> bool:
    fcntl: Any = importlib.import_module("fcntl")  # it is there by now; type checkers on Windows do not know it
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True


def _is_still_there(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.lstat())
    except FileNotFoundError:
        return False


def _write(path: Path, data: bytes) -> None:
    """Write a file that its owner alone can read, beside it first, so that nobody reads half of it."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            with os.fdopen(file, "wb") as opened:
                opened.write(data)
                opened.flush()
                os.fsync(opened.fileno())
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    finally:
        _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make the rename itself last, where folders can be opened and synced (not on Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
