"""Whether a golden trace and the tape beside it tell of the same calls."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from pytest_llmtrace._capture.assembly.outlining import outline_of
from pytest_llmtrace._compare.digests import behaviour_digest
from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import Policy
from pytest_llmtrace._model.body_digests import are_of
from pytest_llmtrace._model.outline import Outline
from pytest_llmtrace._model.renumber import renumber
from pytest_llmtrace._model.trace import LLMCall, Trace, with_changes
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._run.recording.borrowing import trace_of
from pytest_llmtrace._store.formats import IMPORTED
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace._store.tape_file import TapeFile
from pytest_llmtrace._store.vouching import asked_by


def disagreements(golden: Golden, tape: TapeFile) -> Iterator[dict[str, Any]]:
    """What the golden trace says otherwise than the tape, as facts of a `Problem`.

    Only what both of them must know is compared: what was said on either side, and by whom. What HTTP does not show
    (labels, executions of tools, calls that were answered in the process) is in the golden trace alone; tries that
    failed are on the tape alone.
    """
    owner = tape.meta.get("test")
    if IMPORTED not in tape.meta and isinstance(owner, str) and owner != golden.test:
        yield {"about": "test", "golden": golden.test, "tape": owner}
        return
    kept = tape.meta.get("totals")
    counted = kept.get("calls") if isinstance(kept, dict) else None
    if isinstance(counted, int) and counted != golden.totals.calls:
        yield {"about": "totals", "golden": golden.totals.calls, "tape": counted}
    if golden.privacy is not None:
        return  # digests: a replay compares them
    made = [one for one in tape.interactions if one.phase == "call"]
    seen = renumber(_answered(trace_of(made, golden.test)))
    for drift in compare(_answered(golden.trace), seen, Policy(name="agreement")):
        if drift.kind in _SHARED and not drift.path.startswith("tool."):
            yield {
                "about": drift.kind,
                "conversation": drift.conversation,
                "turn": drift.turn,
                "path": drift.path,
                "golden": drift.golden,
                "tape": drift.observed,
            }


def misstated(golden: Golden, meta: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What a tape says of the golden trace that it was written with, and is not so, as facts of a `Problem`.

    Recording never writes that. Whoever forges it could show reviewers a golden trace that replay does not look at.
    """
    owner, kept = meta.get("test"), meta.get("totals")
    if isinstance(owner, str) and owner != golden.test:
        yield {"about": "test", "golden": golden.test, "tape": owner}
    if isinstance(kept, dict) and kept.get("calls") != golden.totals.calls:
        yield {"about": "totals", "golden": golden.totals.calls, "tape": kept.get("calls")}
    elif isinstance(kept, dict) and not _same_amounts(golden.totals, kept):
        yield {"about": "amounts"}
    if meta.get("behaviour") not in (None, behaviour_digest(golden.trace)):
        yield {"about": "behaviour"}


def overstated(tape: TapeFile, outline: Any) -> bool:
    """Whether an outline, as data, is that of another tape. Recording never writes that, as above.

    Where a replay asks word for word what was recorded, it takes the outline's word for what the tape holds, and knows
    requests by the digests that stand there.
    """
    if not are_of(asked_by(outline), [one.request for one in tape.interactions]):
        return True
    told = Outline.from_data(outline)
    if told is None:
        return False  # none, or that of another version: replay does not look at it either
    calls = trace_of(tape.interactions).calls
    if len(calls) != len(told.calls):
        return True
    labelled = [with_changes(call, **kind.labels) for call, (kind, _) in zip(calls, told.calls, strict=True)]
    behaviour = behaviour_digest(Trace(owner="", entries=tuple(labelled)))
    return told != outline_of(labelled) or tape.meta.get("behaviour") != behaviour


def _same_amounts(amounts: Totals, kept: Mapping[str, Any]) -> bool:
    dollars = kept.get("priced_usd")
    return (
        kept.get("usage") == amounts.usage.to_data()
        and kept.get("unpriced_calls") == amounts.unpriced_calls
        and isinstance(dollars, int | float)
        and math.isclose(dollars, amounts.priced_usd, rel_tol=1e-6, abs_tol=1e-9)
    )


def _answered(trace: Trace) -> Trace:
    """The calls that got an answer."""
    calls = [one for one in trace.entries if isinstance(one, LLMCall) and one.error is None]
    return replace(trace, entries=tuple(calls))


_SHARED: Final = frozenset({"prompt", "user", "tool_result", "tool_call", "output", "call_added"})
