"""The cassette of one owner: what was there before, what is written when it passed."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._run.plans.plan import Plan
from pytest_llmtrace._run.recording import redacting
from pytest_llmtrace._run.recording.names import relative
from pytest_llmtrace._run.recording.old import seal
from pytest_llmtrace._store.formats import IMPORTED
from pytest_llmtrace._store.paths import variant_file

if TYPE_CHECKING:  # what it takes to write files is imported with the first that are written
    from pytest_llmtrace._model.trace import Trace
    from pytest_llmtrace._run.owner import OwnerRun
    from pytest_llmtrace._store.golden_file import Golden
    from pytest_llmtrace._store.journal import Journal


@frozen
class Saved:
    """What saving came to."""

    written: bool = False
    """Whether any file changed."""
    removed: bool = False
    """Whether the files were deleted, because the owner calls no LLM any more."""

    def as_data(self, recorder: Recorder, *, waiting: bool) -> dict[str, Any]:
        """What record mode did: interactions kept from the tape, paid for, and taken from the journal.

        Args:
            recorder: What was recorded.
            waiting: Whether there is a journal, with answers that are not saved yet.
        """
        sources = Counter(one.source for one in recorder.exchanges if one.response is not None and one.is_llm)
        return {
            "kept": sources["tape"],
            "live": sources["live"],
            "from_journal": sources["journal"],
            "written": self.written,
            **({"removed": True} if self.removed else {}),
            **({"waiting": True} if waiting else {}),
        }


NOTHING: Final = Saved()
"""What comes of a replay, and of a recording before it is saved."""


def save(run: OwnerRun, journal: Journal) -> Saved:
    """Write the cassette of an owner that passed; remove it where the owner calls no LLM any more."""
    from pytest_llmtrace._compare.digests import behaviour_digest  # noqa: PLC0415
    from pytest_llmtrace._run.recording.outlines import outline_data  # noqa: PLC0415
    from pytest_llmtrace._run.recording.unchanged import same_by_rules  # noqa: PLC0415
    from pytest_llmtrace._store.cassettes import Recorded, remove, write  # noqa: PLC0415
    from pytest_llmtrace._store.reading import load_meta  # noqa: PLC0415

    assert run.assembled is not None  # noqa: S101  # only judged owners are saved
    plan = run.plan
    trace = plan.privacy.masked(run.assembled.trace.behaviour)
    recorded = run.recorded()
    if not trace.entries and not any(interaction.phase == "teardown" for interaction in recorded):
        removed = run.old.exists and remove(plan.cassette)
        return Saved(written=removed, removed=removed)
    meta: dict[str, Any] = {
        "test": plan.owner,
        "providers": sorted({call.provider for call in trace.calls if call.source != "local" and call.provider}),
        "behaviour": behaviour_digest(trace),
    }
    golden = golden_of(run, trace)
    meta["totals"] = _totals_data(golden.totals)
    if same_by_rules(run, golden):
        return NOTHING
    new = Recorded(golden=golden, interactions=recorded, meta=meta)
    old = Recorded(golden=run.old.golden(), interactions=run.old.interactions, meta={}) if run.old.exists else None
    # An imported tape may be needed when the mark goes.
    keep_tape = not plan.own_tape and IMPORTED in load_meta(plan.cassette.tape)
    sealed = plan.privacy.tapes == "encrypted"
    return Saved(
        written=write(
            plan.cassette,
            new,
            old=old,
            keep_tape=keep_tape,
            seal=seal(plan),
            sealed=sealed,
            may_hold=run.look.may_hold,
            laid_out=journal.laid_out,
            outline_of=lambda kept: outline_data(run, recorded, kept),
        )
    )


def golden_of(run: OwnerRun, trace: Trace) -> Golden:
    """The golden trace that recording would write, from the trace of an owner as files may hold it."""
    from pytest_llmtrace._model.trajectory import totals  # noqa: PLC0415
    from pytest_llmtrace._store.golden_file import Golden  # noqa: PLC0415

    mask = run.plan.privacy.mask
    amounts = totals(run.trace().calls)  # with what the teardown called: its money counts, too
    return Golden(test=run.plan.owner, trace=trace, totals=amounts, privacy=mask.kind if mask is not None else None)


def save_observed(run: OwnerRun, folder: Path) -> None:
    """Keep what was observed, in the form of a golden trace, whatever became of the owner."""
    from pytest_llmtrace._model.trajectory import totals  # noqa: PLC0415
    from pytest_llmtrace._store.golden_file import Golden  # noqa: PLC0415
    from pytest_llmtrace._store.observed import (  # noqa: PLC0415  # only where it is asked for
        forget_observed,
        observed_file,
        write_observed,
    )

    plan = run.plan
    whole = run.trace()
    trace = plan.privacy.masked((run.assembled.trace if run.assembled is not None else whole).behaviour)
    if plan.run in (None, 1):
        forget_observed(observed_file(folder, plan.cassette.golden, plan.root))
    if not trace.entries:
        return
    mask = plan.privacy.mask
    kind = mask.kind if mask is not None else None
    observed = Golden(test=plan.owner, trace=trace, totals=totals(whole.calls), privacy=kind)
    write_observed(observed_file(folder, plan.cassette.golden, plan.root, plan.run), observed)


def journalled(plan: Plan, redactor: Redactor) -> tuple[Interaction, ...]:
    """What an interrupted recording of this owner had paid for."""
    from pytest_llmtrace._store.journal_reader import read_journal  # noqa: PLC0415

    return redacting.interactions_without_secrets(
        read_journal(plan.cassette.journal, seal(plan)).interactions, redactor
    )


def names(run: OwnerRun) -> dict[str, Any]:
    """The cassette files of an owner, for reports: relative to the root directory."""
    golden, tape = run.old.golden_name, run.old.tape_name
    cassette, old = run.plan.cassette, run.old
    has_golden, has_tape = old.golden_exists, old.tape_exists
    if run.records:  # else nothing has written or removed them
        has_golden, has_tape = os.path.exists(cassette.golden_file), os.path.exists(cassette.tape_file)  # noqa: PTH110
    has_tape = has_tape and run.plan.privacy.tapes != "off"
    used = [name for name, there in ((golden, has_golden), (tape, has_tape)) if there]
    if run.old.borrowed is not None and run.old.borrowed.is_tape:
        used.append(relative(run.old.borrowed.path, run.plan.root))
    return {
        "golden": golden if golden in used else None,
        "tape": tape if tape in used else None,
        "used": used,
        "directory": run.plan.directory,
        "variant": variant_name(run),
    }


def variant_name(run: OwnerRun) -> str | None:
    """The variant of the golden trace that a live run comes nearest to, as a path relative to the root directory."""
    return relative(variant_file(run.plan.cassette.golden, run.variant), run.plan.root) if run.variant else None


def _totals_data(amounts: Totals) -> dict[str, Any]:
    return {
        "calls": amounts.calls,
        "usage": amounts.usage.to_data(),
        "priced_usd": round(amounts.priced_usd, 12),
        "unpriced_calls": amounts.unpriced_calls,
    }
