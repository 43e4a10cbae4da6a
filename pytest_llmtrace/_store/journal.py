"""The journal: each interaction that was paid for, kept at once, so that no crash loses it.

A line of JSON each, appended in one write, and synced unless a sync was just done (docs/design/0035). Every process
that writes begins with a header line, also after lines of another process that records the same test; requests refer
to earlier ones after the same header only, so a journal grows with what is new, and what an interrupted run left stays
readable beside what the next one adds. An encrypted journal says so in its headers, and each line after one is
encrypted for its place.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._store.appending import opened, write
from pytest_llmtrace._store.atomic import refused, remove
from pytest_llmtrace._store.formats import FORMAT, FORMAT_KEY, SEALED_KEY
from pytest_llmtrace._store.interactions import InteractionWriter, LaidOut
from pytest_llmtrace._store.json_text import compact_bytes, json_text
from pytest_llmtrace._store.locks import alone, needed_by_others, times_forked, unneeded, use
from pytest_llmtrace._store.renaming import renamed
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace.errors import StorageError

MayHold = Callable[[Interaction, LaidOut], bool]
"""Whether a file may hold this of an interaction that was not searched for secrets yet."""
HEADER: Final = compact_bytes({FORMAT_KEY: FORMAT}) + b"\n"
"""Of a journal that is not encrypted."""


class Journal:
    """Appends interactions to a file. Nothing is opened before the first one. Safe to use from threads."""

    def __init__(
        self,
        path: Path,
        seal: Seal | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        spare: Callable[[Path], int | None] = lambda _: None,
    ) -> None:
        """Nothing is touched.

        Args:
            path: The file.
            seal: What encrypts it.
            clock: Gives seconds, and is no clock that a test stops.
            spare: Gives an open file of that name, empty, from a journal that needs it no more (`give`).
        """
        self.path = path
        self._clock = clock
        self._spare = spare
        self._synced_at = clock()
        self._unsynced = False
        self._over = False
        self._lasts = True
        """Whether a power cut may find what is in the file: it held something before, or was synced."""
        self._forked = 0
        self.rows = 0
        """How many were added so far."""
        self._saved = -1
        """Where the file ended when its test was over."""
        self._given = False
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
        place = os.fspath(self.path)  # as text: each test asks
        while not os.path.exists(place) and place != (above := os.path.dirname(place) or os.curdir):  # noqa: PTH110, PTH120
            place = above
        if not os.access(place, os.W_OK):
            raise StorageError(f"{self.path} could not be written: {place} is read-only")

    def append(self, interaction: Interaction, may_hold: MayHold | None = None) -> bool:
        """Add an interaction; no end of the process loses it when this returns.

        It is on the disk then, where the last sync, or the beginning, was `PAUSE` ago; else the next append sees to
        that, or `close`.

        Args:
            interaction: redacted already, unless somebody looks at what the file would hold of it.
            may_hold: says whether it may hold that.

        Returns:
            Whether it was added: not where it may not be.

        Raises:
            StorageError: the operating system refused.
        """
        with self._lock:
            try:
                while self._file is None or os.fstat(self._file).st_nlink == 0:
                    self._close()  # somebody removed it: what comes now must be found again
                    self._open()
                with alone(self._file):
                    self._unsynced = True
                    size = os.fstat(self._file).st_size
                    begun = self._begun(size)
                    self._end = -1  # until it is written, whatever comes between: the writer takes it for written
                    line = self._line(interaction, may_hold)
                    if line is None:
                        return False
                    lines = b"%b%b\n" % (begun, line)
                    write(self._file, lines)
                    self._end = size + len(lines)
                    self.rows, self._over = self.rows + 1, False
                if self._clock() - self._synced_at >= PAUSE:
                    self._sync()
            except OSError as error:
                with contextlib.suppress(OSError):  # what was appended before
                    self._sync()
                # The next append begins anew, with a header: what it would refer to may not be in the file.
                self._close()
                raise refused(self.path, "written", error) from error
            return True

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
        if self._file is None or self._over:
            return
        with self._lock:
            try:
                self._sync()
            except OSError as error:
                raise refused(self.path, "written", error) from error
            finally:
                self._close()

    def over(self, saved: int, *, giving: bool = False) -> None:
        """Let go of the file without waiting for the disk: what is in it has been saved, and is about to be settled.

        `saved`: so many were; where more were added, it stays. `giving`: where another journal may have the file, it
        stays open for `give`.
        """
        with self._lock:
            self._over = self.rows <= saved
            self._saved, kept = self._end, None
            if not self._over:
                with contextlib.suppress(OSError):
                    self._sync()
            elif giving and not self._lasts:
                self._file, kept = None, self._file
            self._close()  # with all that the test held
            self._file = kept

    def give(self, path: Path) -> int | None:
        """The file for another journal, empty and by its name; `None`: it stays until it is removed.

        Making a file and removing it takes longer than writing it. What is in it has been saved; and as long as it was
        never synced, a power cut may not find it anyway (docs/design/0051).
        """
        with self._lock:
            file = self._file
            if file is None or not self._over or self._forked != times_forked():
                return None
            with contextlib.suppress(OSError):  # whoever asked makes a file, and is told why that cannot be done
                if path.parent == self.path.parent and not needed_by_others(file) and self._is_whole(file):
                    os.ftruncate(file, 0)
                    if renamed(self.path, path):
                        use(file)
                        self._file, self._given = None, True
            if not self._given:
                file = None
            self._close()
            return file

    def _is_whole(self, file: int) -> bool:
        """Whether nobody else wrote to it, removed it, or renamed it. Raises: OSError: nothing has its name."""
        status = os.fstat(file)
        whole = status.st_size == self._saved and status.st_nlink == 1
        return whole and os.path.samestat(status, os.lstat(self.path))

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
            if self._given:
                return
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
        file = self._spare(self.path)
        self._file = opened(self.path) if file is None else file
        self._given, self._lasts = False, os.fstat(self._file).st_size > 0
        self._forked = times_forked()

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

    def _line(self, interaction: Interaction, may_hold: MayHold | None) -> bytes | None:
        data = self._writer.data(interaction)
        try:
            made = LaidOut(data, json_text(data))
        except RecursionError:  # whoever lays out the tape, later, has more of the stack to do it
            if may_hold is not None:
                return None
            line = compact_bytes(data)
        else:
            if may_hold is not None and not may_hold(interaction, made):
                return None
            self._written.append((interaction, made))
            line = made.text.replace("\n", "").encode()  # between its members: a text in it has none
        if self._seal is None:
            return line
        self._number += 1
        return compact_bytes({SEALED_KEY: self._seal.encrypted_line(line, self._number)})

    def _sync(self) -> None:
        if self._file is not None and self._unsynced:
            os.fsync(self._file)
            self._synced_at, self._unsynced, self._lasts = self._clock(), False, True

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


PAUSE: Final = 0.1
"""Seconds between two syncs of a journal at least: less than a model takes for an answer."""
