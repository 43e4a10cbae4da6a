"""Golden traces from disk and from git, paired and compared."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import Policy
from pytest_llmtrace._compare.rules.suggest import suggested
from pytest_llmtrace._model.compared import Compared, ComparedPair
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.secret_key import VARIABLE, SecretKey
from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace._run.commands.renames import renamed
from pytest_llmtrace._run.plans.privacy import Privacy
from pytest_llmtrace._store.faults import decoded, read_bytes
from pytest_llmtrace._store.git import Revision
from pytest_llmtrace._store.golden_file import Golden, load_golden
from pytest_llmtrace._store.paths import GOLDEN, OBSERVED, TAPE, golden_names, is_further
from pytest_llmtrace.errors import CassetteError, LockedCassetteError


def compared(a: Path, b: Path, policy: Policy) -> Compared:
    """Two golden traces, or two folders of them, `a` as the golden side and `b` as the observed one.

    Raises:
        CassetteError: a file cannot be used, a file is compared with a folder, or the folders hold no golden traces.
    """
    if a.is_dir() != b.is_dir():
        raise CassetteError(f"{a} and {b}: a folder and a file cannot be compared; give two files, or two folders")
    if not a.is_dir():
        return Compared(pairs=(_pair(None, _File.of(a), _File.of(b), policy),))
    ours, theirs = ({name: _File.of(side / name) for name in golden_names(side)} for side in (a, b))
    if not (ours or theirs):
        raise CassetteError(f"{a} and {b}: no golden traces ({GOLDEN}) below them")
    return _compared(ours, theirs, policy)


def compared_with_revision(path: Path, name: str, policy: Policy) -> Compared:
    """A golden trace, or those of a folder, as they are now, with what they were at a revision of git.

    A golden trace that was renamed is paired with what it was. Files that are the same are not read.

    Raises:
        CassetteError: a file cannot be used, or there is no golden trace on either side.
        GitError: git has no such revision.
    """
    if path.name.endswith(TAPE):
        path = path.with_name(path.name.removesuffix(TAPE) + GOLDEN)
    folder = path if path.is_dir() else next(one for one in path.absolute().parents if one.is_dir())
    revision = Revision.at(folder, name)
    before, now = _committed(revision, path), _present(path)
    if not (before or now):
        raise CassetteError(f"{path}: no golden trace ({GOLDEN}) there, neither now nor at {name}")
    moved = renamed(
        {one: before[one].text for one in before.keys() - now.keys() if not is_further(one)},
        {one: now[one].text for one in now.keys() - before.keys() if not is_further(one)},
    )
    return _compared(before, now, policy, moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A golden trace on one side."""

    shown: str
    """What it is called: a path, or a revision and a path."""
    content: bytes

    @classmethod
    def of(cls, path: Path) -> _File:
        """A file on disk. Raises: FileNotFoundError, CassetteError, StorageError."""
        return cls(shown=path.as_posix(), content=read_bytes(path))

    @property
    def text(self) -> str:
        """Its text. Raises: BrokenCassetteError."""
        return decoded(self.content, Path(self.shown))

    def golden(self) -> Golden:
        """What it holds. Raises: CassetteError."""
        return load_golden(self.text, Path(self.shown))


def _present(path: Path) -> dict[str, _File]:
    """The golden traces at or below a path, by their paths from the current folder."""
    files = [path / name for name in golden_names(path)] if path.is_dir() else [path] if path.is_file() else []
    return {_from_here(file): _File.of(file) for file in files if file.name.endswith(GOLDEN)}


def _committed(revision: Revision, path: Path) -> dict[str, _File]:
    """The same as they were committed."""
    names = revision.files(path)
    observed = {name.removesuffix(OBSERVED) for name in names if name.endswith(f"/{OBSERVED}")}
    wanted = [
        name
        for name in names
        if name.endswith(GOLDEN)
        and not any(part.startswith(".") for part in Path(name).parts)
        and not name.startswith(tuple(observed))
    ]
    return {
        _from_here(revision.top / name): _File(shown=f"{revision.name}:{name}", content=content)
        for name, content in revision.contents(wanted).items()
    }


def _from_here(file: Path) -> str:
    return Path(os.path.relpath(file.resolve(), Path.cwd().resolve())).as_posix()


def _compared(
    ours: Mapping[str, _File], theirs: Mapping[str, _File], policy: Policy, moved: Mapping[str, str] | None = None
) -> Compared:
    """All pairs of two sides; `moved` says which of theirs was which of ours."""
    moved = moved or {}
    pairs: list[ComparedPair] = []
    unread: list[str] = []
    for name in sorted({*(ours.keys() & theirs.keys()), *moved}):
        before = moved.get(name)
        try:
            pairs.append(_pair(name, ours[before or name], theirs[name], policy, renamed_from=before))
        except CassetteError as error:  # the others can be compared
            unread.append(str(error))
    return Compared(
        pairs=tuple(pairs),
        added=_alone(theirs.keys() - ours.keys() - moved.keys()),
        removed=_alone(ours.keys() - theirs.keys() - {*moved.values()}),
        unread=tuple(unread),
    )


def _alone(names: Iterable[str]) -> tuple[str, ...]:
    """The tests of one side that the other has not; variants, and runs of a test after its first, are no tests."""
    return tuple(sorted(name for name in names if not is_further(name)))


def _pair(name: str | None, a: _File, b: _File, policy: Policy, renamed_from: str | None = None) -> ComparedPair:
    if name is not None and a.content == b.content:
        return ComparedPair(name=name, golden_file=a.shown, observed_file=b.shown, renamed_from=renamed_from)
    golden, observed = a.golden(), b.golden()
    left, right = _comparable((golden, Path(a.shown)), (observed, Path(b.shown)), policy)
    return ComparedPair(
        name=name or golden.test,
        golden_file=a.shown,
        observed_file=b.shown,
        golden=conversations(left.calls),
        observed=conversations(right.calls),
        drifts=suggested(compare(left, right, policy)),
        renamed_from=renamed_from,
    )


def _comparable(one: tuple[Golden, Path], other: tuple[Golden, Path], policy: Policy) -> tuple[Trace, Trace]:
    """Both traces so that equal texts are equal: where one holds digests, the other's texts are made digests, too."""
    (left, a), (right, b) = one, other
    if left.privacy == right.privacy:
        return left.trace, right.trace
    if left.privacy is not None and right.privacy is not None:
        raise LockedCassetteError(f"{a} and {b} hold digests that were made in different ways; they cannot be compared")
    text = os.environ.get(VARIABLE, "").strip()
    privacy = Privacy(key=SecretKey(text) if text else None, rules=policy.normalize)
    if left.privacy is None:
        return privacy.unlock(right, b).trace(left.trace), right.trace
    return left.trace, privacy.unlock(left, a).trace(right.trace)
