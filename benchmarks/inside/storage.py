"""Loads and saves the recordings of one agent, and counts their distinct content: prints JSON.

That is every message and tool once, and what else the answers say.

``python storage.py FOLDER TURNS``
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
    """Measure the test that makes the most calls."""
    folder, turns = Path(sys.argv[1]), int(sys.argv[2])
    tape = max(folder.rglob("*.tape.json"), key=lambda file: file.stat().st_size)
    golden = tape.with_name(tape.name.replace(".tape.json", ".trace.yaml"))
    loaded, trace = load_tape(tape), load_golden(golden)
    print(
        json.dumps(
            {
                "content": _content(1, turns),
                "content of both tests": _content(0, 1) + _content(1, turns),
                "files": tape.stat().st_size + golden.stat().st_size,
                "load": cost(lambda: load_tape(tape)),
                "save": cost(lambda: (dump_tape(loaded.interactions, loaded.meta), dump_golden(trace))),
            }
        )
    )


if __name__ == "__main__":
    main()
