"""The verdict on a replay that was the recording, word for word, and that the golden trace is still the one of.

Nothing is assembled, digested or compared for it. Where anything is to be told, whoever tells it judges the whole
trace: a verdict from here has no findings. See docs/design/0043.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_llmtrace._capture.assembly.outlining import costs_in_outline, is_word_for_word
from pytest_llmtrace._compare.policies.policy import digest_decides
from pytest_llmtrace._model.outline import Outline
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.tally import Tally, tally_of_replay
from pytest_llmtrace._run.judging.over_budget import owner_breaches

if TYPE_CHECKING:
    from pytest_llmtrace._run.owner import OwnerRun


@dataclass(frozen=True, slots=True, kw_only=True)
class WordForWord:
    """What such a replay comes to."""

    verdict: Verdict
    tally: Tally
    outline: Outline
    said: tuple[float | None, ...]
    """What each call cost by litellm, when that was judged."""

    def told(self, run: OwnerRun) -> Tally | None:
        """What it comes to by now; `None` where anything else happened since it was judged."""
        if not is_word_for_word(run.recorder, self.outline, again=True):
            return None
        return self.tally if self.said == _said(run) else _tally(run, self.outline)


def word_for_word(run: OwnerRun, exception: BaseException | None) -> WordForWord | None:
    """What a replay comes to that asked what was recorded, and nothing else; `None` where it must be looked at."""
    plan, old = run.plan, run.old
    recorded = old.exists or old.borrowed is not None
    outline = old.outline if recorded else _NOTHING
    if outline is None or exception is not None or plan.mode != "trace" or plan.privacy.mask is not None:
        return None
    if not is_word_for_word(run.recorder, outline):
        return None
    if recorded and not (digest_decides(plan.policy) and old.is_as_accepted):
        return None
    said = _said(run)
    tally = _tally(run, outline)
    if tally.whole.calls < plan.min_calls or owner_breaches(
        run, tally.whole, models_without_price=tally.unpriced_models, stopped=False
    ):
        return None
    verdict = Verdict(
        owner=plan.owner,
        mode=plan.mode,
        golden_file=old.golden_name if recorded else None,
        tape_file=old.tape_file,
        golden_totals=old.totals,
        observed_totals=tally.whole,
        accept=plan.accept,
    )
    return WordForWord(verdict=verdict, tally=tally, outline=outline, said=said)


def _tally(run: OwnerRun, outline: Outline) -> Tally:
    return tally_of_replay(outline, costs_in_outline(run.recorder, outline, run.prices))


def _said(run: OwnerRun) -> tuple[float | None, ...]:
    return tuple([one.cost for one in run.recorder.litellm_calls])


_NOTHING: Final = Outline(calls=())
"""Of what has no recording: a test or a fixture in which no LLM is called."""
