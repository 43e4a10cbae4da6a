"""The verdict on a replay that was the recording, word for word, and that the golden trace is still the one of.

Nothing is assembled, digested or compared for it. Where anything is to be told, whoever tells it judges the whole
trace: a verdict from here has no findings. See docs/design/0043.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmtrace._capture.assembly.outlining import is_word_for_word, trace_in_outline
from pytest_llmtrace._compare.digests import digest_decides
from pytest_llmtrace._model.outline import Outline
from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._run.judging.over_budget import owner_breaches

if TYPE_CHECKING:
    from pytest_llmtrace._run.owner import OwnerRun


@dataclass(frozen=True, slots=True, kw_only=True)
class WordForWord:
    """What such a replay comes to."""

    verdict: Verdict
    trace: Trace
    """Its calls as far as reports count and price them; they hold nothing that was said."""
    outline: Outline

    def told(self, run: OwnerRun) -> Trace | None:
        """The trace by now; `None` where anything else happened since it was judged."""
        if not is_word_for_word(run.recorder, self.outline, again=True):
            return None
        if not run.recorder.litellm_calls:
            return self.trace
        return trace_in_outline(run.recorder, self.outline, run.prices)  # litellm may have said a price since


def word_for_word(run: OwnerRun, exception: BaseException | None) -> WordForWord | None:
    """What a replay comes to that asked what was recorded, and nothing else; `None` where it must be looked at."""
    plan, outline = run.plan, run.old.outline
    if outline is None or exception is not None or plan.mode != "trace" or plan.privacy.mask is not None:
        return None
    if not (is_word_for_word(run.recorder, outline) and digest_decides(plan.policy) and run.old.is_as_accepted):
        return None
    trace = trace_in_outline(run.recorder, outline, run.prices)
    if len(trace.entries) < plan.min_calls or owner_breaches(run, trace, stopped=False):
        return None
    verdict = Verdict(
        owner=plan.owner,
        mode=plan.mode,
        golden_file=run.old.golden_name,
        tape_file=run.old.tape_file,
        golden_totals=run.old.totals,
        observed_totals=totals(trace.calls),
        accept=plan.accept,
    )
    return WordForWord(verdict=verdict, trace=trace, outline=outline)
