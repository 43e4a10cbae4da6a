"""Golden traces from disk, paired and compared."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policy import Policy
from pytest_llmtrace._model.compared import Compared, ComparedPair
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.secret_key import VARIABLE, SecretKey
from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace._run.privacy import Privacy
from pytest_llmtrace._store.cassettes import load_golden
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace._store.paths import golden_names, is_further
from pytest_llmtrace.errors import CassetteError, LockedCassetteError


def compared(a: Path, b: Path, policy: Policy) -> Compared:
    """Two golden traces, or two folders of them, `a` as the golden side and `b` as the observed one.

    Raises:
        CassetteError: a file cannot be used, a file is compared with a folder, or the folders hold no golden traces.
    """
    if a.is_dir() != b.is_dir():
        raise CassetteError(f"{a} and {b}: a folder and a file cannot be compared; give two files, or two folders")
    if not a.is_dir():
        return Compared(pairs=(_pair(None, a, b, policy),))
    ours, theirs = golden_names(a), golden_names(b)
    if not (ours or theirs):
        raise CassetteError(f"{a} and {b}: no golden traces (.trace.yaml) below them")
    both = sorted(set(ours) & set(theirs))
    return Compared(
        pairs=tuple(_pair(name, a / name, b / name, policy) for name in both),
        added=_alone(theirs, ours),
        removed=_alone(ours, theirs),
    )


def _alone(names: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """The tests of one side that the other has not; variants, and runs of a test after its first, are no tests."""
    return tuple(sorted(name for name in set(names) - set(others) if not is_further(name)))


def _pair(name: str | None, a: Path, b: Path, policy: Policy) -> ComparedPair:
    golden, observed = load_golden(a), load_golden(b)
    left, right = _comparable((golden, a), (observed, b), policy)
    return ComparedPair(
        name=name or golden.test,
        golden_file=a.as_posix(),
        observed_file=b.as_posix(),
        golden=conversations(left.calls),
        observed=conversations(right.calls),
        drifts=compare(left, right, policy),
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
