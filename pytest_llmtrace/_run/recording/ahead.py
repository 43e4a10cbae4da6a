"""The cassettes of the tests that come next, read in one loop, which takes less (docs/design/0053)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import pytest

from pytest_llmtrace._model.bounded_reading import Stamp, read_stamped, stamp_of
from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._run.recording.redacting import Unsearched, unsearched
from pytest_llmtrace._settings.early import BEGAN, is_marked
from pytest_llmtrace._settings.values import Settings
from pytest_llmtrace._store.faults import decoded
from pytest_llmtrace._store.formats import SEALED_KEY
from pytest_llmtrace._store.paths import Cassette, cassette_in, folder_beside
from pytest_llmtrace._store.tape_file import tape_data

One = TypeVar("One")
Other = TypeVar("Other")


class Ready(NamedTuple):
    """A cassette that was read."""

    path: str
    """Of the tape."""
    tape: Unsearched
    golden: str
    """The digest of the golden trace."""
    stamps: tuple[Stamp, Stamp]
    """Of the tape and of the golden trace."""


class Ahead:
    """Reads cassettes of replayed tests before it is their turn.

    What was read is taken where both files have the stamps that they had, and once: nobody shares it. What cannot be
    read like that is left to its own test, errors and all. Which tests come next is a guess: a wrong one costs time.
    """

    def __init__(self, settings: Settings) -> None:
        """Args: settings: say which tests are replayed."""
        self._settings = settings
        self._reads = settings.tapes == "on" and _STAMPS_TELL
        self._ready: dict[str, Ready] = {}
        """By the file of the tape."""
        self._last: pytest.Item | None = None
        """The test that came last."""
        self._place = -1
        """Its place among the tests of the session."""
        self._places: dict[int, int] = {}
        """Those of all, by their ids: made once one comes out of turn."""
        self._begin = self._end = 0
        """Between which places everything was read that could be."""
        self._taken = 0
        """How many of those were of use."""

    def come_to(self, item: pytest.Item) -> None:
        """A test is set up that is replayed: read what it and the next ones need, unless that was done.

        The first one of a process reads nothing, since it may be the only one; nor does one that comes out of turn. The
        more was of use, the more is read.
        """
        if not self._reads:
            return
        last, self._last = self._last, item
        items = item.session.items
        place = self._place + 1
        if not (place < len(items) and items[place] is item):
            if last is None:  # its place may never be asked for
                return
            place = self._found(item, items)
        before, self._place = self._place, place
        if self._begin <= place < self._end:
            return
        follows = last is not None and self._follows(before if before >= 0 else self._found(last, items), place, items)
        count = min(2 * self._taken + 2, _MOST_TESTS) if follows else 0
        self._taken = 0
        self._read(items, place, count)

    def take(self, cassette: Cassette) -> Ready | None:
        """What was read of a cassette, where both its files are what they were; `None`: it must be read."""
        tape = cassette.tape_file
        ready = self._ready.pop(tape, None)
        if ready is None or (stamp_of(tape), stamp_of(cassette.golden_file)) != ready.stamps:
            return None
        self._taken += 1
        return ready

    def _found(self, item: pytest.Item, items: list[pytest.Item]) -> int:
        """The place of a test; -1 where it has none."""
        if not self._places:
            self._places = {id(one): place for place, one in enumerate(items)}
        place = self._places.get(id(item), -1)
        return place if 0 <= place < len(items) and items[place] is item else -1

    def _follows(self, before: int, place: int, items: list[pytest.Item]) -> bool:
        """Whether a place comes after another one, and nothing that is replayed lies between."""
        between = range(before + 1, place)
        return (
            0 <= before < place
            and len(between) <= _MOST_TESTS
            and not any(self._replays(items[one]) for one in between)
        )

    def _replays(self, item: pytest.Item) -> bool:
        return not self._settings.by_marker or is_marked(item)

    def _read(self, items: list[pytest.Item], place: int, count: int) -> None:
        """Read the cassettes of so many tests, or of fewer that have as much, in place of those that were read.

        Each step is done for all before the next one, so that its code is where the processor looks first: it takes a
        tenth less.
        """
        self._ready.clear()
        self._begin = self._end = place
        read: list[_Files] = []
        left = _MOST_BYTES
        while self._end < min(place + count, len(items)) and left > 0:
            found = _each(_files, filter(self._replays, items[self._end : self._end + 1]))
            self._end += 1
            read += found
            left -= sum(len(one.tape) + len(one.golden) for one in found)
        self._ready = {one.path: one for one in _each(_taken_apart, _each(_parsed, _each(_digested, read)))}


class _Files(NamedTuple):
    """The files of a cassette."""

    path: str
    """Of the tape."""
    tape: bytes
    golden: bytes
    stamps: tuple[Stamp, Stamp]


def _each(step: Callable[[One], Other | None], values: Iterable[One]) -> list[Other]:
    """What a step makes of each; those that it makes nothing of are left to their own tests, errors and all."""
    found = []
    for value in values:
        try:
            made = step(value)
        except Exception:  # noqa: BLE001, S112  # whatever it is: its own test reads it, and meets it
            continue
        if made is not None:
            found.append(made)
    return found


def _files(item: pytest.Item) -> _Files | None:
    """The files of a test that are small and not new, where its plan will look for them."""
    file, _, name = item.nodeid.partition("::")
    cassette = cassette_in(folder_beside(item.path), name or Path(file).stem)
    path = cassette.tape_file
    tape, stamp = read_stamped(path, _SMALL)
    golden, golden_stamp = read_stamped(cassette.golden_file, _SMALL)
    if max(*stamp[:2], *golden_stamp[:2]) >= _OLD:
        return None
    return _Files(path, tape, golden, (stamp, golden_stamp))


def _digested(files: _Files) -> tuple[_Files, str]:
    return files, digest(files.golden)


def _parsed(found: tuple[_Files, str]) -> tuple[_Files, str, str, dict[str, Any]] | None:
    files, golden = found
    text = decoded(files.tape, files.path)
    data = tape_data(text, files.path)
    return None if SEALED_KEY in data else (files, golden, text, data)


def _taken_apart(found: tuple[_Files, str, str, dict[str, Any]]) -> Ready:
    files, golden, text, data = found
    return Ready(files.path, unsearched(data, text, files.path), golden, files.stamps)


_MOST_TESTS: Final = 32
_MOST_BYTES: Final = 256 * 1024
_SMALL: Final = 32 * 1024
"""Bytes of a file; what a larger one costs is its size."""
_OLD: Final = BEGAN - 2 * 10**9
"""What was written later than two seconds before the run may be written again and have the same stamp: file systems
count in ticks of up to two seconds. When the run began was asked before a test could turn the clock."""
_STAMPS_TELL: Final = os.name != "nt"
"""Windows keeps no time of the last change that a program could not set back."""
