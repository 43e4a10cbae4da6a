"""The journal: each interaction that was paid for, kept at once, so that no crash loses it.

A line of JSON each, appended in one write, and synced unless a sync was just done (docs/design/0035). Every process
that writes begins with a header line, also after lines of another process that records the same test; requests refer
to earlier ones after the same header only, so a journal grows with what is new, and what an interrupted run left stays
readable beside what the next one adds. An encrypted journal says so in its headers, and each line after one is
encrypted for its place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._store.atomic import refused, remove
from pytest_llmtrace._store.formats import FORMAT, FORMAT_KEY, SEALED_KEY
from pytest_llmtrace._store.interactions import InteractionWriter, LaidOut
from pytest_llmtrace._store.json_text import compact_bytes, json_text
from pytest_llmtrace._store.locks import alone, unneeded, use
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace.errors import StorageError

HEADER: Final = compact_bytes({FORMAT_KEY: FORMAT}) + b"\n"
"""Of a journal that is not encrypted."""


class Journal:
    """Appends interactions to a file. Nothing is opened before the first one. Safe to use from threads."""

    def __init__(self, path: Path, seal: Seal | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: path: the file; seal: what encrypts it; clock: gives seconds, and is no clock that a test stops."""
        self.path = path
        self._clock = clock
        self._synced_at = clock()
        self._unsynced = False
        self._over = False
        self._seal = seal
        self._number = 0
        self._lock = threading.Lock()
        self._file: int | None = None
        self._end = -1
        """Where the file ended after the last write of this process, if nobody else wrote."""
        self._writer = InteractionWriter()
        self._written: list[tuple[Interaction, LaidOut]] = []
        """What stands behind the last header, and as what."""

    def check(self) -> None:
        """See that it can be written, before anything is paid for that would belong in it. Nothing is touched.

        Raises:
            StorageError: it could not.
        """
        if self._file is not None:
            return
        place = self.path
        while not place.exists() and place != place.parent:
            place = place.parent
        if not os.access(place, os.W_OK):
            raise StorageError(f"{self.path} could not be written: {place} is read-only")

    def append(self, interaction: Interaction) -> None:
        """Add an interaction, redacted already; no end of the process loses it when this returns.

        It is on the disk then, where the last sync, or the beginning, was `PAUSE` ago; else the next append sees to
        that, or `close`.

        Raises:
            StorageError: the operating system refused.
        """
        with self._lock:
            self._over = False
            try:
                while self._file is None or os.fstat(self._file).st_nlink == 0:
                    self._close()  # somebody removed it: what comes now must be found again
                    self._open()
                with alone(self._file):
                    self._unsynced = True
                    size = os.fstat(self._file).st_size
                    lines = self._begun(size) + self._line(interaction) + b"\n"
                    _write(self._file, lines)
                    self._end = size + len(lines)
                if self._clock() - self._synced_at >= PAUSE:
                    self._sync()
            except OSError as error:
                with contextlib.suppress(OSError):  # what was appended before
                    self._sync()
                # The next append begins anew, with a header: what it would refer to may not be in the file.
                self._close()
                raise refused(self.path, "written", error) from error

    def laid_out(self, interactions: Sequence[Interaction]) -> list[LaidOut] | None:
        """As what it wrote them, where it wrote just these, one after the other: a tape holds the same then."""
        with self._lock:
            if len(self._written) != len(interactions):
                return None
            pairs = zip(self._written, interactions, strict=True)
            return [made for _, made in self._written] if all(_same(one, other) for (one, _), other in pairs) else None

    def close(self) -> None:
        """Let go of the file, which is on the disk then; the next append opens it again.

        Raises:
            StorageError: the operating system refused.
        """
        if self._file is None:
            return
        with self._lock:
            try:
                self._sync()
            except OSError as error:
                raise refused(self.path, "written", error) from error
            finally:
                self._close()

    def over(self) -> None:
        """Let go of the file without waiting for the disk: what is in it has been saved, and is about to be settled."""
        with self._lock:
            self._over = True
            self._close()

    @property
    def waits(self) -> bool:
        """Whether there is a file, with something in it that has not been saved."""
        return not self._over and self.path.exists()

    def remove(self) -> None:
        """Close and delete the file: everything in it has been saved. What another process still needs stays.

        Raises:
            StorageError: the operating system refused.
        """
        with self._lock:
            self._close()
            with unneeded(self.path) as free:
                if free:
                    remove(self.path)

    def replace(self, interactions: Iterable[Interaction]) -> None:
        """Write the file anew, with these interactions. Raises: StorageError."""
        kept = tuple(interactions)
        self.remove()
        for one in kept:
            self.append(one)

    def _open(self) -> None:
        try:
            file = os.open(self.path, _MODE, 0o666)
        except FileNotFoundError:  # nearly always there is the folder
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, _MODE, 0o666)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise OSError(errno.EINVAL, "it is no regular file")
        self._file = file
        use(self._file)

    def _begun(self, size: int) -> bytes:
        """A header, unless what this process wrote last is the end of the file: another may have written since.

        What follows would refer to what comes after that header.
        """
        assert self._file is not None  # noqa: S101  # `append` opened it
        if size == self._end:
            return b""
        self._number, self._writer, self._written = 0, InteractionWriter(), []
        os.lseek(self._file, max(0, size - 1), os.SEEK_SET)
        # A line that a crash cut off must not swallow the header.
        torn = size > 0 and os.read(self._file, 1) != b"\n"
        return (b"\n" if torn else b"") + self._header()

    def _header(self) -> bytes:
        if self._seal is None:
            return HEADER
        return compact_bytes({FORMAT_KEY: FORMAT, SEALED_KEY: self._seal.header()}) + b"\n"

    def _line(self, interaction: Interaction) -> bytes:
        data = self._writer.data(interaction)
        try:
            made = LaidOut(data, json_text(data))
        except RecursionError:  # whoever lays out the tape, later, has more of the stack to do it
            line = compact_bytes(data)
        else:
            self._written.append((interaction, made))
            line = made.text.replace("\n", "").encode()  # between its members: a text in it has none
        if self._seal is None:
            return line
        self._number += 1
        return compact_bytes({SEALED_KEY: self._seal.encrypted_line(line, self._number)})

    def _sync(self) -> None:
        if self._file is not None and self._unsynced:
            os.fsync(self._file)
            self._synced_at, self._unsynced = self._clock(), False

    def _close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.close(self._file)
        self._file = None
        self._end = -1
        self._number = 0
        self._unsynced = False
        self._writer = InteractionWriter()
        self._written = []


def _same(one: Interaction, other: Interaction) -> bool:
    """Whether they hold the same objects, which never change."""
    alike = one.request is other.request and one.response is other.response
    return alike and (one.key, one.phase) == (other.key, other.phase)


def _write(file: int, data: bytes) -> None:
    """All of the data, in one write where the operating system lets us."""
    while data:
        data = data[os.write(file, data) :]


PAUSE: Final = 0.1
"""Seconds between two syncs of a journal at least: less than a model takes for an answer."""
_FLAGS: Final = sum(getattr(os, name, 0) for name in ("O_BINARY", "O_NOFOLLOW", "O_NONBLOCK"))
_MODE: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | _FLAGS
"""Windows would turn line ends otherwise; a symbolic link that somebody committed leads out of the folder, and a pipe
has nobody at its other end."""
