"""The verdict on a replay that was the recording, word for word, and that the golden trace is still the one of.

Nothing is assembled, digested or compared for it. Where anything is to be told, whoever tells it judges the whole
trace: a verdict from here has no findings. See docs/design/0043.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_llmtrace._capture.assembly.outlining import costs_in_outline, is_word_for_word
from pytest_llmtrace._compare.policies.policy import digest_decides
from pytest_llmtrace._model.outline import Outline
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.tally import Tally, tally_of_replay
from pytest_llmtrace._run.judging.over_budget import owner_breaches

if TYPE_CHECKING:
    from pytest_llmtrace._run.owner import OwnerRun


def word_for_word(run: OwnerRun, exception: BaseException | None) -> Outline | None:
    """The outline of a replay that asked what was recorded, and nothing else; `None` where it must be looked at."""
    plan, old = run.plan, run.old
    recorded = old.exists or old.borrowed is not None
    outline = old.outline if recorded else _NOTHING
    if outline is None or exception is not None or plan.mode != "trace" or plan.privacy.mask is not None:
        return None
    if not is_word_for_word(run.recorder, outline) or len(outline.calls) < plan.min_calls:
        return None
    if recorded and not (digest_decides(plan.policy) and old.is_as_accepted):
        return None
    if plan.limits or plan.growth is not None:
        tally = counted(run, outline)
        if owner_breaches(run, tally.whole, models_without_price=tally.unpriced_models, stopped=False):
            return None
    return outline


def counted(run: OwnerRun, outline: Outline) -> Tally:
    """What such a replay comes to, by what litellm has said so far and at the prices of today."""
    return tally_of_replay(outline, costs(run, outline))


def costs(run: OwnerRun, outline: Outline) -> list[float | None]:
    """The same for each of its calls alone, in dollars."""
    return costs_in_outline(run.recorder, outline, run.prices)


def verdict_on(run: OwnerRun, outline: Outline) -> Verdict:
    """The verdict on such a replay, for whoever asks: reports of one that ends as it should do not."""
    plan, old = run.plan, run.old
    recorded = old.exists or old.borrowed is not None
    return Verdict(
        owner=plan.owner,
        mode=plan.mode,
        golden_file=old.golden_name if recorded else None,
        tape_file=old.tape_file,
        golden_totals=old.totals,
        observed_totals=counted(run, outline).whole,
        accept=plan.accept,
    )


_NOTHING: Final = Outline(calls=())
"""Of what has no recording: a test or a fixture in which no LLM is called."""
