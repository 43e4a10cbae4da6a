"""When what was recorded is on the disk, and until when its journals stay."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from pytest_llmtrace._store import atomic, syncing
from pytest_llmtrace._store.journal import Journal
from pytest_llmtrace._store.journal_reader import read_journal
from pytest_llmtrace._store.paths import Cassette
from pytest_llmtrace._store.settling import PAUSE, Settling
from pytest_llmtrace.errors import StorageError
from tests.unit.store.exchanges import interaction


def recorded(folder: Path, name: str) -> tuple[Cassette, Journal]:
    """A cassette that was saved, and the journal of what was paid for."""
    cassette = Cassette.at(folder, name)
    journal = Journal(cassette.journal)
    journal.append(interaction({"messages": []}, {"id": name}))
    atomic.write_text(cassette.tape, "{}", settled=False)
    atomic.write_text(cassette.golden, "{}", settled=False)
    return cassette, journal


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The files of each sync, with the journals that were there when it was over."""
    found: list[list[str]] = []
    really = syncing.sync_files

    def sync(folders: Mapping[Path, Iterable[str]]) -> None:
        given = [Path(file) for files in folders.values() for file in files]
        really(folders)
        journals = {path.name for file in given for path in file.parent.glob("*.jsonl")}
        found.append([*(path.name for path in given), *sorted(journals)])

    monkeypatch.setattr(syncing, "sync_files", sync)
    return found


def test_a_journal_stays_until_its_files_are_on_the_disk(tmp_path: Path, synced: list[list[str]]) -> None:
    """A power cut finds the files or the journal; no sync is made for a test that is over within a second."""
    settled = Settling(clock=lambda: 1.0)
    for name in ("a", "b"):
        cassette, journal = recorded(tmp_path, name)
        assert journal.waits
        settled.saved(cassette, journal, 1, written=True)
        assert cassette.journal.exists()
        assert not journal.waits
    assert synced == []
    settled.settle()
    files = [f"{name}{end}" for name in "ab" for end in (".tape.json", ".trace.yaml")]
    assert synced == [[*files, "a.journal.jsonl", "b.journal.jsonl"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    settled.settle()
    assert len(synced) == 1


def test_a_second_is_the_longest_wait(tmp_path: Path, synced: list[list[str]]) -> None:
    """Where tests take their time, each is settled when it is over."""
    now = 1.0
    settled = Settling(clock=lambda: now)
    settled.saved(*recorded(tmp_path, "a"), 1, written=True)
    now += PAUSE
    settled.saved(*recorded(tmp_path, "b"), 1, written=True)
    assert len(synced) == 1
    assert list(tmp_path.glob("*.jsonl")) == []


def test_a_test_that_runs_again_is_settled_before(tmp_path: Path, synced: list[list[str]]) -> None:
    """Else the end of the run would remove what the second one is paying for."""
    settled = Settling(clock=lambda: 1.0)
    cassette, journal = recorded(tmp_path, "a")
    settled.saved(cassette, journal, 1, written=True)
    settled.before(Cassette.at(tmp_path, "b"))
    assert synced == []
    settled.before(cassette)
    assert not cassette.journal.exists()
    settled.before(cassette)
    assert len(synced) == 1


def test_what_is_as_it_was_needs_no_sync(tmp_path: Path, synced: list[list[str]]) -> None:
    """A test whose answers were all on the tape; but a journal that an interrupted run left goes."""
    settled = Settling(clock=lambda: 1.0)
    cassette, journal = recorded(tmp_path, "a")
    other = Cassette.at(tmp_path, "b")
    settled.saved(other, Journal(other.journal), 0, written=False)
    settled.settle()
    assert synced == []
    settled.saved(cassette, journal, 1, written=False)
    settled.settle()
    assert not cassette.journal.exists()


@pytest.mark.parametrize("moment", ["while it is saved", "when it is saved", "when the next test is saved"])
def test_an_answer_that_comes_late_stays_in_the_journal(tmp_path: Path, moment: str) -> None:
    """A call that nobody waited for may be answered when its test is over: that is paid for, and on no tape."""
    settled = Settling(clock=lambda: 1.0)
    cassette, journal = recorded(tmp_path, "a")
    for now in ("while it is saved", "when it is saved", "when the next test is saved"):
        if now == moment:
            journal.append(interaction({"messages": []}, {"id": "late"}, key="late"))
        if now == "while it is saved":
            settled.saved(cassette, journal, 1, written=True)
        elif now == "when it is saved":
            settled.saved(*recorded(tmp_path, "b"), 1, written=True)
    settled.settle()
    assert [path.name for path in tmp_path.glob("*.jsonl")] == ["a.journal.jsonl"]
    assert read_journal(cassette.journal).interactions[-1].key == "late"
    assert journal.waits


def test_a_disk_that_refuses_keeps_the_journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not sure to be on the disk is paid for, and stays in the journal."""

    def refuse(_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(syncing, "sync_files", refuse)
    settled = Settling(clock=lambda: 1.0)
    cassette, journal = recorded(tmp_path, "a")
    settled.saved(cassette, journal, 1, written=True)
    with pytest.raises(StorageError, match=f"^{tmp_path} could not be written: Input/output error$"):
        settled.settle()
    assert cassette.journal.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each test makes a file")
def test_tests_that_are_over_at_once_have_one_journal_file(tmp_path: Path) -> None:
    """Making one and removing it takes longer than writing it: the next test of the folder has that of the last one."""
    settled = Settling(clock=lambda: 1.0)
    files = set()
    for folder, name in (("x", "a"), ("x", "b"), ("y", "c"), ("y", "d")):
        cassette = Cassette.at(tmp_path / folder, name)
        journal = Journal(cassette.journal, spare=settled.spare, clock=lambda: 1.0)
        journal.append(interaction({"messages": []}, {"id": name}))
        assert [path.name for path in cassette.journal.parent.glob("*.jsonl")] == [cassette.journal.name]
        assert len(read_journal(cassette.journal).interactions) == 1
        files.add(cassette.journal.stat().st_ino)
        settled.saved(cassette, journal, 1, written=True)
        journal.close()
    assert len(files) == 2
    assert [path.name for path in sorted(tmp_path.rglob("*.jsonl"))] == ["b.journal.jsonl", "d.journal.jsonl"]
    settled.settle()
    assert list(tmp_path.rglob("*.jsonl")) == []


@pytest.mark.parametrize("together", [True, False])
def test_all_files_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, together: bool) -> None:
    """With one sync of the file system, where there is such a thing; else each, with its folder. Some may be gone."""
    done: list[str] = []

    def note(file: int) -> None:
        done.append(Path(f"/dev/fd/{file}").resolve().name)

    monkeypatch.setattr(syncing, "_sync_file_system", lambda: note if together else None)
    monkeypatch.setattr(os, "fsync", note)
    for name in ("x/a", "x/b", "y/a"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    folders = [tmp_path / name for name in ("x", "y", "gone")]
    syncing.sync_files({folder: [f"{folder}{os.sep}a", f"{folder}{os.sep}b"] for folder in folders})
    assert done == (["x"] if together else ["a", "b", "x", "a", "y"])


@pytest.mark.skipif(os.name == "nt", reason="Windows syncs each file")
def test_a_sync_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever syncs: the error of the operating system comes through."""

    def refuse(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(syncing, "_sync_file_system", lambda: refuse)
    (tmp_path / "a").touch()
    with pytest.raises(OSError, match="Input/output error"):
        syncing.sync_files({tmp_path: [str(tmp_path / "a")]})
