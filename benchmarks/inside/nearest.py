"""Looks for the recorded request that comes nearest to one that is not on a tape of 1,000: prints JSON.

What every traced test imports is imported before. What a look-up imports besides, once in a process, is told apart: it
is most of what a look-up in a tape of one takes.

``python nearest.py [quick]``
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import workload
from tapes import interaction, request_of

from pytest_llmtrace._capture.tape import Tape
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._run.judging import judge
from pytest_llmtrace._run.judging.nearest_answers import NearestAnswers
from pytest_llmtrace._store.tape_file import dump_tape, load_tape

_FIRSTS = 5
"""Tapes that are read anew: one first look-up of 10 ms is whatever the machine does just then."""


def _tape(conversations: int, turns: int) -> tuple[Interaction, ...]:
    """As it comes from a file."""
    made = [
        interaction(workload.history(test, turn), test, turn)
        for test in range(conversations)
        for turn in range(1, turns + 1)
    ]
    return load_tape(dump_tape(made, {}), Path("made.tape.json")).interactions


def _asked(test: int, turn: int, word: str) -> Any:
    messages = workload.history(test, turn)
    messages[-1]["content"] += word
    return request_of(messages)


def main() -> None:
    """Measure the first look-up, which reads the tape, and those after it."""
    assert judge
    began = time.process_time()
    NearestAnswers(Tape(_tape(1, 1))).nearest_request(_asked(0, 1, "now"))
    found: dict[str, Any] = {"imports": time.process_time() - began}
    for conversations, turns in ((1000, 1), (100, 10), (1, 1000))[: 2 if sys.argv[1:] else 3]:
        first, later = [], []
        for _ in range(_FIRSTS):
            tape = _tape(conversations, turns)
            nearest = NearestAnswers(Tape(tape))
            seconds = []
            for request in [_asked(conversations - 1, turns, f"now {at}") for at in range(4)]:
                began = time.process_time()
                right = nearest.nearest_request(request) is tape[-1].request
                seconds.append(time.process_time() - began)
                assert right, "another request than the one that was changed"
            first.append(seconds[0])
            later += seconds[1:]
        found[f"{conversations:,} x {turns:,} turns"] = {"first": median(first), "next": median(later)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
