"""Compares two traces of one growing history, with a change here or there: prints JSON.

Each comparison has traces of its own: nothing is kept from one to the next.

``python comparison.py CALLS [deepdiff]``
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import workload
from tapes import interaction
from timing import cost

from pytest_llmtrace._capture.dialects.walks import Walk
from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES
from pytest_llmtrace._model.messages import Message, MessageTable
from pytest_llmtrace._model.prefixes import History
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._run.recording.borrowing import trace_of
from pytest_llmtrace._store.tape_file import dump_tape, load_tape


def _made(turns: list[tuple[int, int, list[dict[str, Any]]]]) -> Trace:
    """The trace of calls, each by its test, its turn and what was sent: without writing and reading all histories."""
    test, turn, messages = turns[0]
    one = trace_of([interaction(messages, test, turn)]).calls[0]
    table, walk = MessageTable(), Walk[Message]()

    def read(message: dict[str, Any]) -> list[Message]:
        return [table.intern(message)]

    calls = []
    for at, (test, turn, messages) in enumerate(turns):
        said = table.intern({"role": "assistant", "content": workload.answer(test, turn)})
        usage = replace(one.usage, input_tokens=300 + 250 * turn) if one.usage else None
        calls.append(replace(one, id=str(at), messages=walk.of(messages, read), output=said, usage=usage))
    return Trace(owner="", entries=tuple(calls))


def _trace(calls: int, *, changed: int | None = None, inserted: int | None = None) -> Trace:
    turns = list(range(1, calls + 1))
    if inserted is not None:
        turns.insert(inserted, calls + 1)
    messages: list[dict[str, Any]] = [{"role": "system", "content": workload.SYSTEM}]
    made = []
    for at, turn in enumerate(turns, start=1):
        said = workload.question(1, turn)
        messages.append({"role": "user", "content": said.replace("parcel", "package") + "!" if at == changed else said})
        made.append((1, turn, list(messages)))
        messages.append({"role": "assistant", "content": workload.answer(1, turn)})
    return _made(made)


def _parallel(calls: int, *, turned: bool) -> Trace:
    """Agents of ten turns each that work at the same time; `turned`: their calls came in another order."""
    histories = [workload.history(agent, 10) for agent in range(calls // 10)]
    made = []
    for turn in range(1, 11):
        agents = list(enumerate(histories))
        made += [(agent, turn, said[: 2 * turn]) for agent, said in (reversed(agents) if turned else agents)]
    return _made(made)


def _is_what_a_replay_sees() -> bool:
    """Whether the shortcut makes the traces that requests and answers make."""
    tape = dump_tape([interaction(workload.history(1, turn), 1, turn) for turn in (1, 2, 3)], {})
    asked = load_tape(tape, Path("made.tape.json")).interactions
    seen = [replace(one, id=str(at)) for at, one in enumerate(trace_of(asked).calls)]
    made = _trace(3).calls
    histories = {type(call.messages) for call in (*made, *seen)}
    return list(made) == seen and histories == {History}


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
    assert _is_what_a_replay_sees()
    found = {}
    if sys.argv[2:] == ["deepdiff"]:
        from deepdiff import DeepDiff

        golden, observed = changes["change in the middle"]()
        sides = _plain(golden), _plain(observed)
        found["change in the middle"] = {"seconds": cost(lambda: DeepDiff(*sides), times=1)}
    else:
        for name, traces in changes.items():
            drifts: list[int] = []
            seconds = cost(
                lambda sides, drifts=drifts: drifts.append(len(compare(*sides, POLICIES["exact"]))),
                traces,
                times=5 if calls < 1000 else 3,
            )
            found[name] = {"seconds": seconds, "findings": drifts[-1]}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
