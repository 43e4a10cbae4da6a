"""Asking git about a stranger's repository runs none of the programs that its settings name."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pytest_llmtrace._store.git import Index, Revision, is_ignored, last_commits
from pytest_llmtrace.errors import GitError

NAME = "cassettes/test_a/test_x.trace.yaml"


def git(folder: Path, *args: object) -> str:
    """Run git, as nobody in particular."""
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *who, *map(str, args)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a cassette."""
    folder = tmp_path / "repository"
    (folder / NAME).parent.mkdir(parents=True)
    (folder / NAME).write_text("llmtrace: 1\n", encoding="utf-8")
    git(folder.parent, "init", "-q", folder)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    return folder


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a file `sprung` beside it when it runs, and behaves like `cat`."""
    program = tmp_path / "trap"
    program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\ncat\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def ask_everything(folder: Path) -> None:
    """All that is ever asked."""
    file = folder / NAME
    file.write_text("llmtrace: 1\ntest: other\n", encoding="utf-8")
    os.utime(file, (1, 1))
    last_commits(folder)
    assert Index().knows(file)
    assert not is_ignored(file)
    revision = Revision.at(folder, "HEAD")
    assert revision.contents(revision.files(folder)) == {NAME: b"llmtrace: 1\n"}


@pytest.mark.skipif(os.name == "nt", reason="the trap is a shell script")
@pytest.mark.parametrize(
    "setting",
    [
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "diff.external",
        "diff.x.textconv",
        "filter.x.clean",
        "filter.x.process",
        "gpg.program",
    ],
)
def test_no_program_of_a_repository_runs(repository: Path, trap: Path, setting: str) -> None:
    """Neither monitors of files nor filters, viewers of differences, or checkers of signatures."""
    git(repository, "config", setting, trap)
    git(repository, "config", "log.showSignature", "true")
    (repository / ".git" / "info" / "attributes").write_text("*.yaml filter=x diff=x\n", encoding="utf-8")
    ask_everything(repository)
    assert not (trap.parent / "sprung").exists()


@pytest.mark.skipif(os.name == "nt", reason="the trap is a shell script")
def test_the_trap_would_be_sprung(repository: Path, trap: Path) -> None:
    """Plain git runs what the settings of a repository name."""
    git(repository, "config", "core.fsmonitor", trap)
    git(repository, "status")
    assert (trap.parent / "sprung").exists()


@pytest.mark.skipif(os.name == "nt", reason="the trap is a shell script")
def test_a_folder_of_a_clone_that_looks_like_a_repository_is_none(repository: Path, trap: Path) -> None:
    """What was committed as plain files must not bring its own settings."""
    inside = repository / "cassettes"
    bare = repository.parent / "bare.git"
    git(repository, "clone", "-q", "--bare", repository, bare)
    for path in sorted(bare.rglob("*")):
        target = inside / path.relative_to(bare)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(path.read_bytes())
    settings = (
        f"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = {repository}\n\tfsmonitor = {trap}\n"
    )
    (inside / "config").write_text(settings, encoding="utf-8")
    git(inside, "status")
    assert (trap.parent / "sprung").exists()  # by plain git
    (trap.parent / "sprung").unlink()
    assert last_commits(inside) == {}
    assert not is_ignored(repository / NAME)
    with pytest.raises(GitError, match=r"safe\.bareRepository"):
        Revision.at(inside, "HEAD")
    assert not (trap.parent / "sprung").exists()


def test_a_partial_clone_fetches_nothing(repository: Path, trap: Path) -> None:
    """What git would have to fetch, by a program that the settings name, is an error."""
    partial = repository.parent / "partial"
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(repository.parent, "clone", "-q", "--filter=blob:none", "--no-checkout", repository.as_uri(), partial)
    git(partial, "config", "remote.origin.uploadpack", trap)
    revision = Revision.at(partial, "HEAD")
    with pytest.raises(GitError):
        revision.contents([NAME])
    assert not (trap.parent / "sprung").exists()


def test_the_age_of_a_file_holds_while_its_content_does(repository: Path) -> None:
    """Compared with what was committed: touched, or with line ends of Windows, it is the same; edited, it is not."""
    file = repository / NAME
    when = int(git(repository, "log", "-1", "--format=%ct"))
    os.utime(file, (1, 1))
    assert last_commits(repository) == last_commits(file.parent) == {file: when}
    file.write_bytes(b"llmtrace: 1\r\n")
    assert last_commits(repository) == {file: when}
    file.write_bytes(b"llmtrace: 2\n")
    assert last_commits(repository) == {}
    file.unlink()
    assert last_commits(repository) == {}
