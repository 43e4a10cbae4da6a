"""Compares two traces of one growing history, with a change here or there: prints JSON.

``python comparison.py CALLS [deepdiff]``
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import workload
from tapes import interaction
from timing import cost

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._run.recording.borrowing import trace_of


def _trace(calls: int, *, changed: int | None = None, inserted: int | None = None) -> Trace:
    turns = list(range(1, calls + 1))
    if inserted is not None:
        turns.insert(inserted, calls + 1)
    messages: list[dict[str, Any]] = [{"role": "system", "content": workload.SYSTEM}]
    made = []
    for at, turn in enumerate(turns, start=1):
        said = workload.question(1, turn)
        messages.append({"role": "user", "content": said.replace("parcel", "package") + "!" if at == changed else said})
        made.append(interaction(list(messages), 1, turn))
        messages.append({"role": "assistant", "content": workload.answer(1, turn)})
    return trace_of(made)


def _parallel(calls: int, *, turned: bool) -> Trace:
    """Agents of ten turns each that work at the same time; `turned`: their calls came in another order."""
    agents = [
        [interaction(workload.history(agent, turn), agent, turn) for turn in range(1, 11)]
        for agent in range(calls // 10)
    ]
    made = [one for turn in zip(*agents, strict=True) for one in (reversed(turn) if turned else turn)]
    entries = trace_of(made).entries
    return Trace(owner="", entries=tuple(replace(one, id=str(at)) for at, one in enumerate(entries)))


def _plain(trace: Trace) -> list[dict[str, Any]]:
    calls: list[LLMCall] = list(trace.calls)
    return [
        {"model": one.model, "messages": [json.loads(json.dumps(message)) for message in one.messages]}
        | {"output": json.loads(json.dumps(one.output))}
        for one in calls
    ]


def main() -> None:
    """Measure, or let plain DeepDiff do the same work."""
    calls = int(sys.argv[1])
    changes: dict[str, Callable[[], tuple[Trace, Trace]]] = {
        "nothing changed": lambda: (_trace(calls), _trace(calls)),
        "change at the front": lambda: (_trace(calls), _trace(calls, changed=1)),
        "change in the middle": lambda: (_trace(calls), _trace(calls, changed=calls // 2)),
        "change at the end": lambda: (_trace(calls), _trace(calls, changed=calls)),
        "call inserted": lambda: (_trace(calls), _trace(calls, inserted=calls // 2)),
        "parallel calls reordered": lambda: (_parallel(calls, turned=False), _parallel(calls, turned=True)),
    }
    found = {}
    if sys.argv[2:] == ["deepdiff"]:
        from deepdiff import DeepDiff

        golden, observed = changes["change in the middle"]()
        sides = _plain(golden), _plain(observed)
        found["change in the middle"] = {"seconds": cost(lambda: DeepDiff(*sides), 1), "findings": 0}
    else:
        for name, traces in changes.items():
            golden, observed = traces()
            drifts = compare(golden, observed, POLICIES["exact"])
            seconds = cost(functools.partial(compare, golden, observed, POLICIES["exact"]), 3)
            found[name] = {"seconds": seconds, "findings": len(drifts)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
