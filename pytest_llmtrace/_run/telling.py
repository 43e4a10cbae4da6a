"""What reports are told of one owner, once it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.document.payload import owner_payload
from pytest_llmtrace._report.document.replays import Replay, replay_of
from pytest_llmtrace._report.tally import Tally
from pytest_llmtrace._run.judging.word_for_word import costs, counted
from pytest_llmtrace._run.recording import saving
from pytest_llmtrace._run.recording.dry_run import would_record
from pytest_llmtrace._run.recording.names import shown_files
from pytest_llmtrace._run.recording.recorded import recorded_data, swapped_data

if TYPE_CHECKING:
    from pytest_llmtrace._model.trace import Trace
    from pytest_llmtrace._run.owner import OwnerRun


def told_of(
    run: OwnerRun, *, with_entries: bool, more: Callable[[Trace], Mapping[str, Any]] | None
) -> dict[str, Any] | Replay:
    """Everything that reports, and with `more` of its trace others, need to know, as plain data."""
    replayed = run.replayed if not with_entries and more is None else None
    if replayed is not None and run.verdict_told is None:
        replay = replay_of(
            run.plan.owner,
            replayed,
            costs(run, replayed),
            golden=run.old.totals_on_tape,
            files=shown_files(run.plan.cassette, run.plan.root),
            directory=run.plan.directory,
        )
        if replay is not None:
            return replay
    told = counted(run, replayed) if replayed is not None else run.plan.privacy.shown(run.trace())
    data = owner_payload(
        run.verdict or Verdict(owner=run.plan.owner, mode=run.plan.mode),
        told,
        cassette=saving.names(run),
        recorded=recorded_data(run),
        would_record=would_record(run),
        with_entries=with_entries,
        swapped=swapped_data(run),
        unswapped=tuple(sorted(run.recorder.unswapped)),
    )
    made = data if more is None or isinstance(told, Tally) else {**data, **more(told)}
    return run.look.shown(run, made) if run.look.learned_late else made
