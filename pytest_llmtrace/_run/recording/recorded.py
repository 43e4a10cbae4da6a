"""What recording came to for one owner: kept, paid, written, and what it does otherwise than before."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmtrace._model.trace import Trace
    from pytest_llmtrace._run.owner import OwnerRun


def recorded_data(run: OwnerRun) -> dict[str, Any]:
    """The row `recorded` of the document; empty where nothing was to be recorded."""
    if not run.records:
        return {}
    data = run.saved.as_data(run.recorder, waiting=run.waits)
    if not run.old.golden_exists:
        return {**data, "new": True}
    verdict = run.verdict
    if verdict is None or verdict.golden is None:
        return data
    from pytest_llmtrace._compare.behaviour import behaviour_change  # noqa: PLC0415  # only where something is recorded

    changed = behaviour_change(verdict.golden, verdict.observed, run.plan.policy)
    if changed.tools is not None:
        data["tools"] = {"golden": changed.tools[0], "observed": changed.tools[1]}
    if changed.outputs:
        data["outputs"] = [{"conversation": label, "turn": turn} for label, turn in changed.outputs]
    return data


def swapped_data(run: OwnerRun) -> dict[str, Any]:
    """Of calls that asked another model than the application: `models`, `calls` and `seconds`; or empty."""
    found = [one for one in run.recorder.exchanges if one.swapped and one.ended is not None and not one.unsent]
    if not found:
        return {}
    seconds = sum((one.ended or one.started) - one.started for one in found)
    models = Counter(str(one.swapped) for one in found)
    return {"models": dict(sorted(models.items())), "calls": len(found), "seconds": seconds}


def kept_calls(trace: Trace) -> dict[str, Any]:
    """What the history of the project keeps of each call, beside what reports need to know."""
    from pytest_llmtrace._history.record import call_rows  # noqa: PLC0415  # only where there is a history

    return {"history": call_rows(trace)}
