"""What a recording would do with one owner, found out without a call: where its first live call would be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_llmtrace._model.verdict import Verdict

if TYPE_CHECKING:  # what follows is imported by dry runs alone
    from pytest_llmtrace._capture.assembly.assemble import Assembled
    from pytest_llmtrace._run.owner import OwnerRun

OTHER_TAPE: Final = "llmtrace dry run: another plugin keeps the tape of this test, and may make live calls for it"
"""Why pytest skips such a test: what keeps its tape in place of us may go live."""


def dry_verdict(run: OwnerRun, exception: BaseException | None) -> Verdict:
    """A verdict without findings: a dry run judges nothing."""
    from pytest_llmtrace._model.conversations import conversations  # noqa: PLC0415
    from pytest_llmtrace._model.trajectory import totals  # noqa: PLC0415

    assert run.assembled is not None  # noqa: S101  # set by the only caller
    run.ended_by_itself = exception is not None and not run.stopped_it
    trace = run.assembled.trace.behaviour
    run.old.golden()  # where it cannot be read, the test fails here, as it would when it is recorded
    return Verdict(
        owner=run.plan.owner,
        mode=run.plan.mode,
        observed=conversations(run.plan.privacy.masked(trace).calls),
        golden_file=run.old.golden_name if run.old.golden_exists else None,
        tape_file=run.old.tape_file,
        golden_totals=run.old.totals,
        observed_totals=totals(trace.calls),
        stopped=exception is not None or run.stopped_it,
    )


def would_record(run: OwnerRun) -> dict[str, Any]:
    """The row `would_record` of the document; empty where this is no dry run.

    `calls` are the live calls that it would take, `at_least` says that there may be more, `cost_usd` is their estimate
    (`None`: not known), and `why` is `new`, `changed`, `all` or `unchanged`, or else `failed`: the test fails by
    itself and would not be recorded, `not_reached`: something else ended it before it ran, or `other_tape`: another
    plugin keeps its tape, so it was not run.
    """
    if not run.dry:  # replayed, because there is a golden trace already
        return _made("unchanged") if run.plan.dry_run and run.plan.mode == "record" else {}
    if not run.plan.own_tape:
        return _made("other_tape", at_least=True, cost=None)
    if run.verdict is None or run.assembled is None:
        return _made("not_reached", at_least=True, cost=None)
    if run.stopped_it:
        return _stopped(run)
    return _made("failed" if run.ended_by_itself else "unchanged" if _is_unchanged(run, run.assembled) else _why(run))


def would_text(run: OwnerRun) -> str:
    """Why pytest skips the rest of a test."""
    from pytest_llmtrace._report.topics.dry_run import stopped_text  # noqa: PLC0415

    return stopped_text(would_record(run))


def _is_unchanged(run: OwnerRun, assembled: Assembled) -> bool:
    """Whether a run that needed no live call did what its golden trace says, or differs by rules alone."""
    from pytest_llmtrace._compare.digests import behaviour_digest  # noqa: PLC0415
    from pytest_llmtrace._run.recording.saving import golden_of  # noqa: PLC0415
    from pytest_llmtrace._run.recording.unchanged import same_by_rules  # noqa: PLC0415

    if not run.old.tape_exists:
        return run.old.golden_exists
    trace = run.plan.privacy.masked(assembled.trace.behaviour)
    return run.old.says_unchanged(behaviour_digest(trace)) or same_by_rules(run, golden_of(run, trace))


def _why(run: OwnerRun) -> str:
    return "new" if not run.old.golden_exists else "all" if run.plan.record_mode == "all" else "changed"


def _stopped(run: OwnerRun) -> dict[str, Any]:
    """From the old golden trace: what it has after the calls that were answered is what would be paid for."""
    from pytest_llmtrace._model.trajectory import totals  # noqa: PLC0415

    missed = sum(1 for one in run.recorder.misses if one.is_llm)
    why = _why(run)
    golden = run.old.golden() if run.old.golden_exists and missed else None
    if golden is None:
        return _made(why, calls=missed, at_least=True, cost=None)
    answered = sum(1 for one in run.recorder.exchanges if one.is_llm and one.response is not None)
    waiting = golden.trace.calls[answered:]
    if len(waiting) < missed:
        return _made(why, calls=missed, at_least=True, cost=None)
    return _made(why, calls=len(waiting), cost=totals(waiting).cost_usd)


def _made(why: str, *, calls: int = 0, at_least: bool = False, cost: float | None = 0.0) -> dict[str, Any]:
    return {"why": why, "calls": calls, "at_least": at_least, "cost_usd": cost}
