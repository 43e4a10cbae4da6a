"""What the tape that a recording leaves says of itself; `judging.word_for_word` judges replays by its outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmtrace._capture.assembly.outlining import outlined
from pytest_llmtrace._compare.digests import behaviour_digest
from pytest_llmtrace._model.fanout import fan_outs
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._model.outline import Outline
from pytest_llmtrace._store.formats import OUTLINE_SEARCHED

if TYPE_CHECKING:
    from pytest_llmtrace._run.owner import OwnerRun


def outline_data(run: OwnerRun, recorded: Sequence[Interaction], kept: Sequence[Interaction]) -> dict[str, Any]:
    """By which search nothing secret is found in the tape that is written, and its outline, where it has one.

    Args:
        run: Who recorded.
        recorded: What was recorded, in the order in which it began.
        kept: The same, in the order in which the tape has it.
    """
    outline = _outline(run, recorded, kept)
    calls = outline.to_data() if outline is not None else {}
    return {**calls, OUTLINE_SEARCHED: run.look.mark}  # it is searched before it is written


def _outline(run: OwnerRun, recorded: Sequence[Interaction], kept: Sequence[Interaction]) -> Outline | None:
    """The outline; `None` where a replay may show more than it says."""
    assert run.assembled is not None  # noqa: S101  # only judged owners are saved
    trace = run.assembled.trace
    if len(trace.entries) != len(recorded) or run.plan.privacy.mask is not None or fan_outs(trace.calls):
        return None
    outline = outlined(run.recorder, trace, run.spending.reader)
    if outline is None or len(outline.calls) != len(recorded):
        return None
    at = {id(one): position for position, one in enumerate(recorded)}
    order = [at[id(one)] for one in kept]
    if order != sorted(order):  # what ran at once began in another order than before, and is kept in the old one
        began = sorted(range(len(order)), key=lambda one: run.recorder.exchanges[one].started)
        entries = dict(zip(began, trace.entries, strict=True))
        ordered = replace(trace, entries=tuple(entries[one] for one in order))
        if behaviour_digest(ordered) != behaviour_digest(trace):
            return None
    return Outline(calls=tuple(outline.calls[one] for one in order))
