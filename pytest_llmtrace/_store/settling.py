"""What a run has recorded and is not sure to find on the disk after a power cut; until it is, its journals stay.

Files of a cassette that replace none are not synced one by one: what was paid for is in the journal, too. Once a
second, and when the run is over, all of them are synced in one go, and the journals are removed (docs/design/0035).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_llmtrace._store.paths import Cassette
from pytest_llmtrace.errors import StorageError

if TYPE_CHECKING:
    from pytest_llmtrace._store.journal import Journal


class Settling:
    """Of one run in one process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: clock: gives seconds, and is no clock that a test stops."""
        self._clock = clock
        self._settled_at = clock()
        self._waiting: list[tuple[Cassette, Journal]] = []
        self._journals: set[Path] = set()
        """Those of the cassettes that wait: each test asks for its own."""
        self._spare: tuple[Journal, int] | None = None
        """That of the last one, whose file the next one may have, and how much of it was saved."""

    def saved(self, cassette: Cassette, journal: Journal, answers: int, *, written: bool) -> None:
        """A cassette holds what is in its journal, which can go when that is on the disk.

        Args:
            cassette: the files.
            journal: that of their owner, which may have nothing in it.
            answers: how many of it the cassette has. A call that nobody waited for may be answered later.
            written: whether any of the files changed.

        Raises:
            StorageError: as `settle`.
        """
        if not (written or journal.path.exists()):
            return
        self._keep_no_spare()
        journal.over(answers, giving=True)
        self._spare = journal, answers
        self._waiting.append((cassette, journal))
        self._journals.add(cassette.journal)
        if self._clock() - self._settled_at >= PAUSE:
            self.settle()

    def spare(self, path: Path) -> int | None:
        """The file of the last journal that was saved, for the one of this path; see `Journal.give`."""
        (journal, _), self._spare = self._spare or (None, 0), None
        return None if journal is None or journal.path == path else journal.give(path)

    def before(self, cassette: Cassette) -> None:
        """An owner begins: what it has recorded before in this run is settled first. Raises: as `settle`."""
        if self._journals and cassette.journal in self._journals:
            self.settle()

    def settle(self) -> None:
        """Have all that was written on the disk, and remove the journals.

        Raises:
            StorageError: the operating system refused; the journals of what is not sure to be on the disk are there.
        """
        self._settled_at = self._clock()
        waiting, self._waiting = self._waiting, []
        self._journals.clear()
        self._keep_no_spare()
        if not waiting:
            return
        from pytest_llmtrace._store.atomic import refused  # noqa: PLC0415  # a replay writes nothing
        from pytest_llmtrace._store.syncing import sync_files  # noqa: PLC0415

        files: dict[Path, list[str]] = {}
        for cassette, _ in waiting:
            files.setdefault(cassette.folder, []).extend((cassette.tape_file, cassette.golden_file))
        try:
            sync_files(files)
        except OSError as error:
            raise refused(waiting[0][0].folder, "written", error) from error
        for _, journal in waiting:
            if journal.waits:  # for a call that nobody waited for, whose answer came when its test was saved
                journal.close()
            else:
                journal.remove()

    def _keep_no_spare(self) -> None:
        if self._spare is not None:
            (journal, answers), self._spare = self._spare, None
            journal.over(answers)

    def finish(self) -> list[str]:
        """The run is over: settle. Returns what is wrong, where what was recorded is not sure to be on the disk."""
        try:
            self.settle()
        except StorageError as error:
            return [f"{error}; what was paid for is in the journals beside it"]
        return []


PAUSE: Final = 1.0
"""Seconds for which journals stay longer than they must, at most, and the wait for the disk is not felt."""
