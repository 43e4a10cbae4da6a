"""Loads and saves the recordings of one agent, and counts their distinct content: prints JSON.

That is every message and tool once, and what else the answers say.

``python storage.py FOLDER CALLS``, with the calls of each test
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import workload
from timing import cost

from pytest_llmtrace._store.cassettes import load_golden, load_tape
from pytest_llmtrace._store.golden_file import dump_golden
from pytest_llmtrace._store.tape_file import dump_tape


def _content(test: int, turns: int) -> int:
    """Bytes of what a test sends and gets, everything once."""
    messages = [*workload.history(test, turns), {"role": "assistant", "content": workload.answer(test, turns)}]
    answers = [(workload.completion(test, turn), workload.answer(test, turn)) for turn in range(1, turns + 1)]
    rest = sum(len(body) - len(said.encode()) for body, said in answers)
    return sum(len(json.dumps(one).encode()) for one in (*messages, *workload.TOOLS)) + rest


def main() -> None:
    """Measure the test with number 1; number 0 makes one call."""
    folder, calls = Path(sys.argv[1]), [int(one) for one in sys.argv[2].split(",")]
    (tape,) = folder.rglob("test_calls-1-*.tape.json")
    golden = tape.with_name(tape.name.replace(".tape.json", ".trace.yaml"))
    loaded, trace = load_tape(tape), load_golden(golden)
    print(
        json.dumps(
            {
                "content": _content(1, calls[1]),
                "content of all tests": sum(_content(number, turns) for number, turns in enumerate(calls)),
                "files": tape.stat().st_size + golden.stat().st_size,
                "load": cost(lambda: load_tape(tape)),
                "save": cost(lambda: (dump_tape(loaded.interactions, loaded.meta), dump_golden(trace))),
            }
        )
    )


if __name__ == "__main__":
    main()
