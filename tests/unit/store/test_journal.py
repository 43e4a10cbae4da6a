"""The journal of what was paid for."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._store.interactions import InteractionWriter, LaidOut
from pytest_llmtrace._store.journal import Journal
from pytest_llmtrace._store.journal_reader import JournalFile, read_journal
from pytest_llmtrace._store.json_text import json_text
from pytest_llmtrace.errors import BrokenCassetteError, NewerCassetteError, StorageError
from tests.unit.store import PROPERTY
from tests.unit.store.exchanges import interaction, recordings
from tests.unit.store.test_tape_file import told

LONG = "a long text that nobody wants to read twice " * 6


def growing(length: int) -> list[Interaction]:
    """A conversation whose requests repeat their history."""
    history = [{"role": "user", "content": f"{turn} {LONG}"} for turn in range(length)]
    return [interaction({"messages": history[: turn + 1]}, {"id": turn}, key=f"k{turn}") for turn in range(length)]


def test_nothing_is_made_before_the_first_interaction(tmp_path: Path) -> None:
    """A journal that nobody writes to leaves no file, and reading or removing it is fine."""
    journal = Journal(tmp_path / "x" / "a.journal.jsonl")
    journal.remove()
    journal.close()
    assert read_journal(journal.path) == JournalFile()
    assert list(tmp_path.iterdir()) == []


def test_what_is_appended_is_on_disk(tmp_path: Path) -> None:
    """Each interaction can be read back as soon as it was appended."""
    journal = Journal(tmp_path / "x" / "a.journal.jsonl")
    made = growing(3)
    for count, one in enumerate(made, start=1):
        journal.append(one)
        assert read_journal(journal.path).interactions == tuple(made[:count])
    assert journal.path.read_text().startswith('{"llmtrace":1}\n')
    journal.remove()
    assert not journal.path.exists()


def test_each_line_is_one_write_and_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first with the header; what follows a sync within a moment waits for the next one, or for the end."""
    done: list[str] = []
    write, fsync = os.write, os.fsync
    monkeypatch.setattr(
        os, "write", lambda file, data: done.append(f"write {data.count(bytes([10]))}") or write(file, data)
    )
    monkeypatch.setattr(os, "fsync", lambda file: done.append("fsync") or fsync(file))
    now = 1.0
    journal = Journal(tmp_path / "a.journal.jsonl", clock=lambda: now)
    for one, now in zip(growing(4), (1.05, 2.0, 2.09, 2.11), strict=True):
        journal.append(one)
        done.append(f"at {now}")
    journal.close()
    appended = ["write 2", "at 1.05", "write 1", "fsync", "at 2.0", "write 1", "at 2.09", "write 1", "fsync"]
    assert done == [*appended, "at 2.11"]
    now = 2.15
    journal.append(growing(1)[0])
    journal.close()
    assert done[len(appended) + 1 :] == ["write 2", "fsync"]


def test_a_disk_that_refuses_at_the_end_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not on the disk yet may not be there then, and whoever closes the journal is told."""

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = Journal(tmp_path / "a.journal.jsonl", clock=lambda: 1.0)
    journal.append(growing(1)[0])
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match="No space left on device"):
        journal.close()
    journal.close()


def test_a_write_in_pieces_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the operating system takes only a part of a line, the rest follows."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    journal = Journal(tmp_path / "a.journal.jsonl")
    made = growing(2)
    for one in made:
        journal.append(one)
    journal.close()
    assert read_journal(journal.path).interactions == tuple(made)


def test_a_later_run_adds_to_what_is_there(tmp_path: Path) -> None:
    """A journal that an interrupted run left is continued, whatever its last line looks like."""
    path = tmp_path / "a.journal.jsonl"
    first, second = growing(2), growing(3)
    for runs in (first, second):
        journal = Journal(path)
        for one in runs:
            journal.append(one)
        journal.close()
        with path.open("ab") as file:
            file.write(b'{"key": "torn \xc3')
    found = read_journal(path)
    assert found.interactions == (*first, *second)
    assert found.skipped == 1  # the line torn off last is expected after a crash, the one before it is not


def test_any_cut_leaves_a_readable_journal(tmp_path: Path) -> None:
    """Wherever a crash cuts the file off, all whole lines before it are read, and nothing is reported as skipped."""
    path = tmp_path / "a.journal.jsonl"
    journal = Journal(path)
    made = [interaction({"m": "ä"}, key="k1"), interaction({"m": "ö"}, key="k2")]
    for one in made:
        journal.append(one)
    journal.close()
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        count = max(0, whole[:cut].count(b"\n") - 1)
        found = read_journal(path)
        assert [told(one) for one in found.interactions] == [told(one) for one in made[:count]]
        assert found.skipped == 0


def test_broken_lines_in_the_middle_are_counted(tmp_path: Path) -> None:
    """A damaged line is skipped and counted, and so is one that refers to it; the others are read."""
    path = tmp_path / "a.journal.jsonl"
    journal = Journal(path)
    made = [*growing(2), interaction({"other": 1}, key="other")]
    for one in made:
        journal.append(one)
    journal.close()
    header, first, *rest = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([header, b"\xff" + first[:9], *rest]))
    assert read_journal(path) == JournalFile(interactions=(made[2],), skipped=2)


@pytest.mark.parametrize("content", [b"hello", b"hello\n", b'{"key": 1}\n', b"\xff\n{}", b'{"llmtrace":1 \n'])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that is no journal is not taken for an empty one."""
    path = tmp_path / "a.journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(BrokenCassetteError, match="it is not a journal of pytest-llmtrace"):
        read_journal(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither")
def test_a_journal_does_not_lead_elsewhere(tmp_path: Path) -> None:
    """A symbolic link or a pipe by the journal's name is not written to: a link leads to a file of somebody else."""
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "a.journal.jsonl").symlink_to(elsewhere)
    os.mkfifo(tmp_path / "b.journal.jsonl")
    for name in ("a.journal.jsonl", "b.journal.jsonl"):
        with pytest.raises(StorageError, match=rf"{name} could not be written: "):
            Journal(tmp_path / name).append(interaction({}))
    assert not elsewhere.exists()


def test_a_journal_has_so_many_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of nothing but line ends is refused before it is taken apart."""
    monkeypatch.setattr("pytest_llmtrace._store.journal_reader.MOST_LINES", 10)
    (tmp_path / "a").write_bytes(b'{"llmtrace":1}\n' + b"\n" * 10)
    with pytest.raises(BrokenCassetteError, match="it has more than 10 lines"):
        read_journal(tmp_path / "a")


def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    """A journal of a later version is not misread."""
    path = tmp_path / "a.journal.jsonl"
    path.write_text('{"llmtrace":2}\n')
    with pytest.raises(NewerCassetteError, match="format 2"):
        read_journal(path)


def test_a_full_disk_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system refuses, the error says why, and the next interaction does not refer to the lost one."""
    journal = Journal(tmp_path / "a.journal.jsonl")
    made = growing(3)
    journal.append(made[0])
    write = os.write

    def refuse(file: int, data: bytes) -> int:
        if len(data) > 20:
            write(file, data[:20])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", refuse)
        with pytest.raises(StorageError, match="could not be written: No space left on device"):
            journal.append(made[1])
    journal.append(made[2])
    journal.close()
    assert read_journal(journal.path) == JournalFile(interactions=(made[0], made[2]), skipped=1)


def test_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    """Interactions appended from many threads at once are all there."""
    journal = Journal(tmp_path / "a.journal.jsonl")
    made = growing(16)
    threads = [threading.Thread(target=journal.append, args=(one,)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    found = read_journal(journal.path)
    assert found.skipped == 0
    assert sorted(one.key for one in found.interactions) == sorted(one.key for one in made)
    assert {one.key: one for one in found.interactions} == {one.key: one for one in made}


def test_two_processes_that_record_the_same_test_do_not_mix_what_they_refer_to(tmp_path: Path) -> None:
    """Requests refer to earlier ones by number: after lines of another process, counting begins anew."""
    path = tmp_path / "a.journal.jsonl"
    one, other = Journal(path), Journal(path)
    made = growing(4)
    others = [interaction({"messages": [{"role": "user", "content": f"{n} other"}]}, {}, key=f"o{n}") for n in range(2)]
    for journal, wrote in ((one, made[:3]), (other, others[:1]), (one, made[3:]), (other, others[1:])):
        for what in wrote:
            journal.append(what)
    assert read_journal(path) == JournalFile(interactions=(*made[:3], others[0], made[3], others[1]))


def test_a_journal_that_vanished_is_begun_anew(tmp_path: Path) -> None:
    """Who deletes the folder during a recording loses what was in it, but nothing that is paid for from then on."""
    journal = Journal(tmp_path / "x" / "a.journal.jsonl")
    made = growing(3)
    journal.append(made[0])
    shutil.rmtree(tmp_path / "x")
    journal.append(made[1])
    journal.append(made[2])
    assert read_journal(journal.path) == JournalFile(interactions=tuple(made[1:]))


def test_a_journal_that_another_process_needs_is_not_removed(tmp_path: Path) -> None:
    """Who is done first leaves it to the other, which may still be killed."""
    path = tmp_path / "a.journal.jsonl"
    theirs = growing(1)
    journal = Journal(path)
    program = (
        "import pathlib, sys; from pytest_llmtrace._store.journal import Journal; "
        "Journal(pathlib.Path(sys.argv[1])).remove()"
    )
    journal.append(theirs[0])
    subprocess.run([sys.executable, "-c", program, path], check=True)
    assert read_journal(path) == JournalFile(interactions=tuple(theirs))
    journal.remove()
    assert not path.exists()


def test_a_journal_grows_with_what_is_new(tmp_path: Path) -> None:
    """A request that repeats the history adds only its own message to the file."""
    sizes = []
    for length in (20, 40):
        journal = Journal(tmp_path / f"{length}.journal.jsonl")
        for one in growing(length):
            journal.append(one)
        journal.close()
        sizes.append(journal.path.stat().st_size)
    assert sizes[1] < sizes[0] * 2.1


@PROPERTY
@given(recordings(), st.integers(0, 6))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, recording: list[Interaction], pause: int
) -> None:
    """Every interaction is read back in order, with bodies of the same value, whether one run wrote it or two."""
    path = tmp_path_factory.mktemp("journal") / "a.journal.jsonl"
    journal = Journal(path)
    for position, one in enumerate(recording):
        if position == pause:
            journal.close()
        journal.append(one)
    journal.close()
    found = read_journal(path)
    assert found.skipped == 0
    assert [told(one) for one in found.interactions] == [told(one) for one in recording]


def test_what_it_wrote_is_what_a_tape_of_the_same_holds(tmp_path: Path) -> None:
    """In the order in which it was appended, and of nothing else: another answer, another's line, one more or less."""
    journal = Journal(tmp_path / "a.journal.jsonl")
    made = growing(3)
    writer = InteractionWriter()
    for one in made:
        journal.append(one)
    copies = [replace(one) for one in made]
    data = [writer.data(one) for one in made]
    assert journal.laid_out(copies) == [LaidOut(one, json_text(one)) for one in data]
    assert [json.loads(line) for line in journal.path.read_bytes().splitlines()[1:]] == data
    other = replace(made[2], response=growing(3)[2].response)
    assert [journal.laid_out(one) for one in (made[:2], made[::-1], [*made[:2], other], [])] == [None] * 4
    stranger = Journal(journal.path)
    stranger.append(made[0])
    stranger.close()
    journal.append(made[0])
    assert journal.laid_out([*made, made[0]]) is None
    first = InteractionWriter().data(made[0])
    assert journal.laid_out(made[:1]) == [LaidOut(first, json_text(first))]
    journal.close()


def test_what_cannot_be_laid_out_for_want_of_stack_is_kept_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application that recurses deeply loses nothing that it paid for; its tape is laid out when it is over."""

    def exhausted(_: object) -> str:
        raise RecursionError

    monkeypatch.setattr("pytest_llmtrace._store.journal.json_text", exhausted)
    journal = Journal(tmp_path / "a.journal.jsonl")
    made = growing(2)
    for one in made:
        journal.append(one)
    journal.close()
    assert read_journal(journal.path).interactions == tuple(made)
    assert journal.laid_out(made) is None


def test_what_it_may_not_hold_is_not_written_and_nothing_refers_to_it(tmp_path: Path) -> None:
    """Whoever looks at a line sees all that would be in it; the next one begins anew, whole."""
    path, made = tmp_path / "j", growing(3)
    journal = Journal(path)
    seen: list[str] = []

    def may_hold(_one: Interaction, laid_out: LaidOut) -> bool:
        seen.append(laid_out.text.replace("\n", ""))
        return len(seen) != 2

    assert [journal.append(one, may_hold) for one in made] == [True, False, True]
    journal.close()
    lines = path.read_text().splitlines()
    assert lines == ['{"llmtrace":1}', seen[0], '{"llmtrace":1}', seen[2]]
    assert read_journal(path) == JournalFile(interactions=(made[0], made[2]))
    assert journal.laid_out([made[0], made[2]]) is None


def test_what_was_interrupted_while_it_was_looked_at_is_referred_to_by_nothing(tmp_path: Path) -> None:
    """A time limit or Ctrl-C may come at any moment; what a teardown asks after that is kept whole."""
    path, made = tmp_path / "j", growing(3)
    journal = Journal(path)

    def interrupted(_one: Interaction, _laid_out: LaidOut) -> bool:
        raise KeyboardInterrupt

    journal.append(made[0])
    with pytest.raises(KeyboardInterrupt):
        journal.append(made[1], interrupted)
    journal.append(made[2])
    journal.close()
    assert read_journal(path) == JournalFile(interactions=(made[0], made[2]))
