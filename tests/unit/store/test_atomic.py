"""Writing files whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from pytest_llmtrace._store import atomic
from pytest_llmtrace.errors import StorageError


def test_writes_and_makes_parents(tmp_path: Path) -> None:
    """A file is written with the folders above it, and nothing else stays behind."""
    path = tmp_path / "a" / "b" / "file.txt"
    assert atomic.write_text(path, "Größe\r\n")
    assert path.read_bytes() == "Größe\r\n".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_equal_content_is_not_written(tmp_path: Path) -> None:
    """A file that holds the content already keeps its modification time."""
    path = tmp_path / "file.txt"
    atomic.write_text(path, "same")
    os.utime(path, ns=(1, 1))
    assert not atomic.write_text(path, "same")
    assert path.stat().st_mtime_ns == 1


def test_the_mode_of_a_file_stays(tmp_path: Path) -> None:
    """A replaced file keeps its permissions; a new one has those that any new file has."""
    path = tmp_path / "file.txt"
    atomic.write_text(path, "old")
    plain = tmp_path / "plain.txt"
    plain.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    path.chmod(0o640)
    atomic.write_text(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_symbolic_link_is_replaced(tmp_path: Path) -> None:
    """Writing to a link makes it a file; what it pointed to stays as it was."""
    target = tmp_path / "target.txt"
    target.write_text("new")
    link = tmp_path / "link.txt"
    link.symlink_to(target)
    assert atomic.write_text(link, "new")
    assert not link.is_symlink()
    assert atomic.write_text(link, "newer")
    assert target.read_text() == "new"


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    """Where the operating system refuses, the old content stays, no temporary file does, and the error says why."""
    path = tmp_path / "file.txt"
    atomic.write_text(path, "old")

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync" if fails == "fsync" else "replace", refuse)
    with pytest.raises(StorageError) as raised:
        atomic.write_text(path, "new")
    assert str(raised.value) == f"{path} could not be written: {os.strerror(errno.ENOSPC)}"
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_an_interrupt_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a file is being written leaves the old one, and no temporary file."""
    path = tmp_path / "file.txt"
    atomic.write_text(path, "old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        atomic.write_text(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_only_what_replaces_a_file_must_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who syncs many files at once needs no sync of one; but an old file is never given up for what may be lost."""
    done: list[str] = []
    replace = os.replace
    monkeypatch.setattr(os, "fsync", lambda _: done.append("fsync"))
    monkeypatch.setattr(os, "replace", lambda old, new: done.append("rename") or replace(old, new))
    path = tmp_path / "file.txt"
    atomic.write_text(path, "new", settled=False)
    assert done == ["rename"]
    atomic.write_text(path, "newer", settled=False)
    assert done == ["rename", "fsync", "rename"]
    atomic.write_text(tmp_path / "other.txt", "new")
    assert done[3:] == ["fsync", "rename", "fsync"]


def test_a_folder_in_the_way_is_an_error(tmp_path: Path) -> None:
    """A folder with the name of the file is reported, and left alone."""
    path = tmp_path / "file.txt"
    path.mkdir()
    with pytest.raises(StorageError, match="could not be written"):
        atomic.write_text(path, "new")
    with pytest.raises(StorageError, match="could not be removed"):
        atomic.remove(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_remove_says_whether_there_was_a_file(tmp_path: Path) -> None:
    """Removing a file twice removes it once."""
    path = tmp_path / "file.txt"
    path.touch()
    assert [atomic.remove(path), atomic.remove(path)] == [True, False]


@pytest.fixture(params=["named at once", "named when it is whole"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A system that makes files without a name, where there is one, and any other."""
    if request.param == "named at once":
        monkeypatch.setattr(atomic, "_UNNAMED", 0)
    elif not atomic._UNNAMED:
        pytest.skip("Linux alone has files without a name")
    return str(request.param)


def test_a_file_is_created_once(tmp_path: Path, way: str) -> None:
    """A new file is made with the folders above it; one that is there, a link or a folder is left alone."""
    path = tmp_path / "a" / "b" / "file.txt"
    assert atomic.create_text(path, "Größe\r\n")
    plain, link = tmp_path / "plain.txt", path.parent / "link.txt"
    plain.touch()
    link.symlink_to(tmp_path / "nowhere")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    assert [atomic.create_text(one, "new") for one in (path, link, path.parent)] == [False] * 3
    assert path.read_bytes() == "Größe\r\n".encode()
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["file.txt", "link.txt"]


def test_a_file_that_cannot_be_created_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Where the disk is full, the error names the file, and nothing has its name, nor any other."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "file.txt"
    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(StorageError) as raised:
        atomic.create_text(path, "new")
    assert str(raised.value) == f"{path} could not be written: {os.strerror(errno.ENOSPC)}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails", ["open", "link"])
def test_where_files_need_a_name_they_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    """A file system without nameless files, or one that names none later, is asked once for each folder."""
    if not atomic._UNNAMED:
        pytest.skip("Linux alone has files without a name")
    asked: list[str] = []
    system = getattr(os, fails)

    def refuse(path: str, flags: Any, *rest: Any, **more: Any) -> Any:
        if fails == "link" or flags & atomic._UNNAMED == atomic._UNNAMED:
            asked.append(path)
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return system(path, flags, *rest, **more)

    monkeypatch.setattr(os, fails, refuse)
    assert [atomic.create_text(tmp_path / name, name) for name in ("a", "b")] == [True, True]
    assert [(tmp_path / name).read_text() for name in ("a", "b")] == ["a", "b"]
    assert len(asked) == 1
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a", "b"]
