"""Other trajectories that were accepted beside the golden trace: live mode is content with any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace._run.recording.redacting import golden_without_secrets
from pytest_llmtrace._store import atomic
from pytest_llmtrace._store.cassettes import load_golden
from pytest_llmtrace._store.golden_file import Golden, dump_golden
from pytest_llmtrace._store.paths import GOLDEN, is_variant, variant_file, variants_of
from pytest_llmtrace.errors import CassetteError

if TYPE_CHECKING:
    from pytest_llmtrace._run.owner import OwnerRun


def nearest_trajectory(
    run: OwnerRun, trace: Trace, golden: Golden | None, drifts: tuple[Drift, ...]
) -> tuple[Golden | None, tuple[Drift, ...]]:
    """The accepted trajectory that a live run comes nearest to, and how it differs; noted in `run.variant`.

    Args:
        run: The run.
        trace: What was observed.
        golden: The golden trace, as it was compared.
        drifts: How the run differs from that.

    Raises:
        CassetteError: a variant cannot be used.
    """
    best = golden, drifts
    for number, path in variants_of(run.plan.cassette.golden).items():
        if not _weight(best[1]):
            break
        variant = golden_without_secrets(path, run.old.redactor)
        accepted, observed = run.plan.privacy.comparable(variant, trace, path)
        found = compare(accepted, observed, run.plan.policy)
        if _weight(found) < _weight(best[1]):
            best = replace(variant, trace=accepted), found
            run.variant = number
    return best


def without_swaps(run: OwnerRun, drifts: tuple[Drift, ...]) -> tuple[Drift, ...]:
    """The drifts without those that only say that another model was asked, as `--llm-model` wanted."""
    if not any(one.swapped for one in run.recorder.exchanges):
        return drifts
    return tuple(drift for drift in drifts if drift.kind != "model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A trajectory that is accepted."""

    number: int
    """0 is the golden trace itself."""
    path: Path
    golden: Golden


def accepted(file: Path) -> list[Accepted]:
    """The golden trace and its variants. Raises: CassetteError, OSError."""
    _check_main(file)
    files = {0: file, **variants_of(file)}
    return [Accepted(number=number, path=path, golden=load_golden(path)) for number, path in files.items()]


def add_variant(file: Path, trace: Path) -> Accepted | None:
    """Accept a trace beside a golden one; `None` where it is accepted already.

    Raises:
        CassetteError: it belongs to another test, or one of the files cannot be used.
        StorageError: the variant cannot be written.
    """
    known = accepted(file)
    main, new = known[0].golden, load_golden(trace)
    if new.test != main.test:
        raise CassetteError(f"{trace} is a trace of {new.test}, and {file} is of {main.test}")
    if new.privacy != main.privacy:
        raise CassetteError(f"{trace} and {file}: one holds texts, the other digests, or of another key")
    if any(not compare(one.golden.trace, new.trace, POLICIES["exact"]) for one in known):
        return None
    number = known[-1].number + 1
    path = variant_file(file, number)
    atomic.write_text(path, dump_golden(new))
    return Accepted(number=number, path=path, golden=new)


def remove_variant(file: Path, number: int) -> Path:
    """Accept a trajectory no more; the others keep their numbers. Raises: CassetteError, StorageError."""
    _check_main(file)
    found = variants_of(file)
    if number not in found:
        there = f"there are {', '.join(map(str, found))}" if found else "it has none"
        raise CassetteError(f"{file}: there is no variant {number}; {there}")
    atomic.remove(found[number])
    return found[number]


def _check_main(file: Path) -> None:
    if not file.name.endswith(GOLDEN) or is_variant(file.name):
        raise CassetteError(f"{file}: not the golden trace of a test (<test>{GOLDEN})")


def _weight(drifts: Sequence[Drift]) -> int:
    """How far away: the differences that fail the test, with those that follow from them."""
    return sum(1 + drift.folded for drift in drifts if drift.severity == "fail")
