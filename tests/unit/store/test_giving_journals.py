"""A journal whose file goes to the next one, and when it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._store import appending, journal, locks
from pytest_llmtrace._store.journal import PAUSE, Journal
from pytest_llmtrace._store.journal_reader import read_journal
from pytest_llmtrace._store.renaming import renamed
from tests.unit.store.exchanges import interaction

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no file is given")


def said(text: str) -> Interaction:
    """An interaction that is told from others."""
    return interaction({"messages": [{"role": "user", "content": text}]}, {"id": text}, key=text)


class Two:
    """A journal that is over, and the next one, which may have its file."""

    def __init__(self, folder: Path, next_folder: str = ".") -> None:
        self.now = 1.0
        self.old = Journal(folder / "a.journal.jsonl", clock=lambda: self.now)
        self.new = Journal(folder / next_folder / "b.journal.jsonl", spare=self.old.give, clock=lambda: self.now)
        self.old.append(said("old"))

    def holds(self) -> tuple[list[str], list[str]]:
        """What is in the old file, and in the new one, once something was appended to that."""
        self.old.over(self.old.rows, giving=True)
        self.new.append(said("new"))
        old, new = ([one.key for one in read_journal(one.path).interactions] for one in (self.old, self.new))
        return old, new


def test_the_next_journal_has_the_file_and_nothing_that_was_in_it(tmp_path: Path) -> None:
    """It goes on as if it had made it; and the old one, which has none, removes none."""
    two = Two(tmp_path)
    number = two.old.path.stat().st_ino
    assert two.holds() == ([], ["new"])
    two.new.append(said("more"))
    assert not two.old.path.exists()
    assert two.new.path.stat().st_ino == number
    assert two.new.path.read_bytes().count(journal.HEADER) == 1
    two.old.remove()
    assert [one.key for one in read_journal(two.new.path).interactions] == ["new", "more"]
    two.new.remove()
    assert not two.new.path.exists()


def _synced(two: Two) -> None:
    two.now += PAUSE
    two.old.append(said("slow"))


def _written_by_another(two: Two) -> None:
    Journal(two.old.path).append(said("another"))


def _forked(_: Two) -> None:
    locks._FORKED.append(None)


def _late(two: Two) -> None:
    """A thread of the old test goes on."""
    over = two.old.over

    def then_late(saved: int, *, giving: bool = False) -> None:
        over(saved, giving=giving)
        two.old.append(said("late"))

    two.old.append(said("old"))  # the late one asks what this one did, and must not refer to it
    two.old.over = then_late  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("happens", "keys"),
    [
        (_synced, ["old", "slow"]),
        (_written_by_another, ["old", "another"]),
        (_forked, ["old"]),
        (_late, ["old", "old", "late"]),
    ],
)
def test_what_may_be_needed_stays(tmp_path: Path, happens: Callable[[Two], None], keys: list[str]) -> None:
    """What a power cut would find, what others wrote or may write, what comes late."""
    two = Two(tmp_path)
    happens(two)
    assert two.holds() == (keys, ["new"])
    two.old.remove()
    assert not two.old.path.exists()


def test_what_was_there_before_stays(tmp_path: Path) -> None:
    """An interrupted run has left it, and its machine may have been long since turned off."""
    Journal(tmp_path / "a.journal.jsonl").append(said("before"))
    assert Two(tmp_path).holds() == (["before", "old"], ["new"])


def test_no_file_leaves_its_folder(tmp_path: Path) -> None:
    """It may be another disk."""
    assert Two(tmp_path, "x").holds() == (["old"], ["new"])


def test_what_another_process_needs_stays(tmp_path: Path) -> None:
    """It records the same test, and may be about to append to the file that it has opened."""
    two = Two(tmp_path)
    program = (
        "import fcntl, os, sys; file = os.open(sys.argv[1], os.O_RDWR); "
        f"fcntl.lockf(file, fcntl.LOCK_SH, 1, {locks._USED}, os.SEEK_SET); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-S", "-c", program, two.old.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert two.holds() == (["old"], ["new"])
        other.communicate()


def test_a_journal_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    """An interrupted run of the next test has left it, or another process has just made it."""
    two = Two(tmp_path)
    Journal(two.new.path).append(said("before"))
    assert two.holds() == ([], ["before", "new"])
    two.old.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["b.journal.jsonl"]


def test_a_file_that_was_removed_is_not_given(tmp_path: Path) -> None:
    """Nor another one that has its name by now."""
    two = Two(tmp_path)
    two.old.path.unlink()
    Journal(two.old.path).append(said("another"))
    assert two.holds() == (["another"], ["new"])


def test_a_file_that_has_another_name_by_now_is_not_given(tmp_path: Path) -> None:
    """Somebody keeps it; and what has its name is another's."""
    two = Two(tmp_path)
    kept = two.old.path.rename(tmp_path / "kept")
    Journal(two.old.path).append(said("another"))
    assert two.holds() == (["another"], ["new"])
    assert [one.key for one in read_journal(kept).interactions] == ["old"]


def test_where_nothing_renames_so_each_journal_makes_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems, and file systems that do not know it."""
    monkeypatch.setattr(journal, "renamed", lambda *_: False)
    assert Two(tmp_path).holds() == ([], ["new"])


def test_a_file_that_is_taken_away_while_it_is_opened_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until a process says that it needs a file, another one may give it a new name, or remove it."""
    path = tmp_path / "a"
    use = appending.use
    taken = iter([lambda: path.rename(tmp_path / "b"), path.unlink])

    def too_late(file: int) -> None:
        next(taken, lambda: None)()
        use(file)

    monkeypatch.setattr(appending, "use", too_late)
    file = appending.opened(path)
    assert os.path.samestat(os.fstat(file), path.stat())
    os.close(file)


def test_a_new_name_is_one_that_nothing_has(tmp_path: Path) -> None:
    """Nothing is ever replaced."""
    for name in "ab":
        (tmp_path / name).write_text(name)
    assert not renamed(tmp_path / "a", tmp_path / "b")
    assert renamed(tmp_path / "a", tmp_path / "c")
    assert not renamed(tmp_path / "a", tmp_path / "d")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"b": "b", "c": "a"}
