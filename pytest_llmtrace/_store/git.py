"""What git has of a project's files: read with git itself, never through a shell, and never written.

The settings of a repository may name programs for git to run, and a clone may hold a folder that is a repository
itself, settings and all. Whoever looks at a stranger's cassettes must run none of them: those that the commands here
would heed are turned off, nothing is fetched, and what is in the working tree is compared without git's filters.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.bounded_reading import read_regular
from pytest_llmtrace._model.bounds import LARGEST_YAML
from pytest_llmtrace._model.checkout import Checkout
from pytest_llmtrace._store.paths import GOLDEN, TAPE
from pytest_llmtrace.errors import GitError


class Index:
    """The files that git knows: committed, or to be. Each repository is asked once; without git none is known."""

    def __init__(self) -> None:
        self._known: dict[Path, frozenset[str]] = {}
        self._tops: dict[Path, Path | None] = {}

    def knows(self, path: Path) -> bool:
        """Whether git knows a file, which may be gone."""
        folder = path.parent.resolve()
        if folder not in self._tops:
            self._tops[folder] = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
        top = self._tops[folder]
        if top is None:
            return False
        if top not in self._known:
            self._known[top] = _listed(top)
        return (folder / path.name).relative_to(top).as_posix() in self._known[top]


def is_ignored(path: Path) -> bool:
    """Whether a file is one that git is to leave alone."""
    try:
        return bool(_git(path.parent, "check-ignore", "--", path.name))
    except GitError:
        return False


def _listed(top: Path) -> frozenset[str]:
    try:
        listed = _git(top, "ls-files", "-z")
    except GitError:
        return frozenset()
    return frozenset(name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0") if name)


def last_commits(folder: Path) -> dict[Path, int]:
    """When each cassette file at or below a folder was last committed, in seconds since the epoch.

    Files that were changed since are left out, and so are those that were never committed. Empty where there is no git.
    """
    try:
        top = Path(_git(folder, "rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n"))
        committed = _blobs(_git(folder, "ls-tree", "-r", "-z", "--full-name", "HEAD", "--", "."))
        log = _git(folder, "log", "--no-relative", "--format=%x01%ct", "--name-only", "-z", "--", ".")
    except GitError:
        return {}
    found: dict[Path, int] = {}
    for commit in log.split(b"\x01")[1:]:
        time, _, names = commit.partition(b"\0")
        for name in names.replace(b"\n", b"", 1).split(b"\0"):
            path = top / name.decode("utf-8", "surrogateescape")
            if name.endswith(_ENDINGS) and path not in found and _is_blob(path, committed.get(name, "")):
                found[path] = int(time)
    return found


def _blobs(listed: bytes) -> dict[bytes, str]:
    """The hashes of what `ls-tree` lists, by name."""
    entries = (entry.partition(b"\t") for entry in listed.split(b"\0") if entry)
    return {name: about.rpartition(b" ")[2].decode("ascii") for about, _, name in entries}


def _is_blob(path: Path, wanted: str) -> bool:
    """Whether a file holds what was committed, as it is or with the line ends of Windows."""
    try:
        content = read_regular(path) if wanted else b""
    except OSError:
        return False
    kind = hashlib.sha256 if len(wanted) > hashlib.sha1(usedforsecurity=False).digest_size * 2 else hashlib.sha1
    return any(
        kind(b"blob %d\0%b" % (len(one), one), usedforsecurity=False).hexdigest() == wanted
        for one in (content, content.replace(b"\r\n", b"\n"))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The files of a project as they were committed at one revision."""

    top: Path
    """The folder of the working tree that all names are relative to."""
    name: str
    """What the user called it: ``HEAD~1``."""
    commit: str
    """Its hash."""

    @classmethod
    def at(cls, folder: Path, name: str) -> Revision:
        """The revision of that name, in the repository that a folder is in.

        Raises:
            GitError: git is not installed, the folder is in no repository, or the revision is not there.
        """
        if not name or name.startswith("-"):
            raise GitError(f"{name!r} is not a revision of git; name one such as HEAD, HEAD~1, main or v1.2")
        top = _git(folder, "rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n")
        try:
            found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except GitError:
            raise GitError(
                f"{name!r} is not a revision of the repository at {top}; `git log --oneline` lists what there is.\n"
                "A shallow clone, as CI makes, may not have it: fetch more of the history."
            ) from None
        return cls(top=Path(top), name=name, commit=found.decode("ascii").strip())

    def files(self, folder: Path) -> tuple[str, ...]:
        """The names of the files at or below a path, relative to the top, sorted. Raises: GitError."""
        below = Path(os.path.relpath(folder.resolve(), self.top.resolve())).as_posix()
        listed = _git(self.top, "ls-tree", "-r", "-z", "--name-only", "--full-tree", self.commit)
        names = [name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0") if name]
        return tuple(sorted(name for name in names if below in (".", name) or name.startswith(f"{below}/")))

    def contents(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """What these files held, by name: all of them at once. Raises: GitError, also where one is too large."""
        names = [name for name in names if "\n" not in name]
        asked = "".join(f"{self.commit}:{name}\n" for name in names).encode("utf-8", "surrogateescape")
        sizes = _git(self.top, "cat-file", "--batch-check", given=asked).split(b"\n")
        for name, told in zip(names, sizes, strict=False):
            length = told.rpartition(b" ")[2]
            if length.isdigit() and int(length) > LARGEST_YAML:
                raise GitError(f"{self.name}:{name} has more than {LARGEST_YAML} bytes, too many for a golden trace")
        answer = _git(self.top, "cat-file", "--batch", given=asked)
        made: dict[str, bytes] = {}
        at = 0
        for name in names:
            end = answer.index(b"\n", at)
            _, kind, *size = answer[at:end].rsplit(b" ", 2)
            at = end + 1
            if kind == b"blob" and size and size[0].isdigit():
                made[name] = answer[at : at + int(size[0])]
                at += int(size[0]) + 1
        return made


def checkout(folder: Path) -> Checkout:
    """The working tree that a folder is in, for whoever runs what is in it: git may run filters of the repository.

    Raises:
        GitError: git is not installed, or the folder is in no repository.
    """
    top = Path(_git(folder, "rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n"))
    remote = _said(folder, "config", "--get", "remote.origin.url")
    told = (_said(folder, "log", "-1", "--no-show-signature", "--format=%H %ct") or "").split()
    if len(told) != 2:  # nothing was committed so far
        return Checkout(top=top, remote=remote)
    return Checkout(
        top=top,
        commit=told[0],
        commit_time=int(told[1]),
        branch=_said(folder, "symbolic-ref", "--quiet", "--short", "HEAD"),
        dirty=bool(_said(folder, "status", "--porcelain", "--untracked-files=no")),
        remote=remote,
    )


def remote(folder: Path) -> Checkout:
    """The same without what a command must not ask of a stranger's repository. Raises: GitError."""
    top = Path(_git(folder, "rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n"))
    return Checkout(top=top, remote=_said(folder, "config", "--get", "remote.origin.url"))


def _said(folder: Path, *arguments: str) -> str | None:
    """What a git command prints; `None` where it fails, or prints nothing."""
    try:
        return _git(folder, *arguments).decode("utf-8", "surrogateescape").strip() or None
    except GitError:
        return None


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What a git command prints. Raises: GitError."""
    environment = {**os.environ, **_ENVIRONMENT}
    try:
        done = subprocess.run(  # noqa: S603  # a list of arguments; what users give follows --end-of-options, or is checked
            [_GIT, *_NO_PROGRAMS, "-C", str(folder), *arguments],
            input=given,
            capture_output=True,
            env=environment,
            check=False,
        )
    except FileNotFoundError:
        raise GitError("git is not installed, or not on the PATH; it is needed to read earlier revisions") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        if "not a git repository" in said:
            raise GitError(f"{folder} is in no git repository, so there are no earlier revisions of it")
        raise GitError(f"git {arguments[0]} failed in {folder}: {said or f'exit status {done.returncode}'}")
    return done.stdout


_GIT: Final = "git"
_ENDINGS: Final = (GOLDEN.encode(), TAPE.encode())
_SETTINGS: Final = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "log.showSignature=false",
    "safe.bareRepository=explicit",  # a folder of a clone that looks like a repository is none
)
_NO_PROGRAMS: Final = ("--no-pager", *(part for one in _SETTINGS for part in ("-c", one)))
_ENVIRONMENT: Final = {
    "GIT_ALLOW_PROTOCOL": "",  # a partial clone would fetch what it lacks, by whatever program its settings name
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}
