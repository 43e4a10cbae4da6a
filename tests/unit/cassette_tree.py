"""Small projects with tests and their cassettes, as recording writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_llmtrace._compare.digests import behaviour_digest
from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._run.recording.borrowing import trace_of
from pytest_llmtrace._store.cassettes import Recorded, write
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace._store.paths import Cassette
from pytest_llmtrace._store.paths import test_cassette as cassette_of_test
from tests.unit.store.exchanges import interaction

URL = "https://api.openai.com/v1/chat/completions"


def record(
    root: Path, test: str = "test_a.py::test_one", said: Sequence[tuple[str, str]] = (("Hello", "Hi"),), **body: Any
) -> Cassette:
    """Write a test and its cassette: one conversation, of what the user said and what came back, turn by turn."""
    file, _, name = test.partition("::")
    source = root / file
    source.parent.mkdir(parents=True, exist_ok=True)
    known = source.read_text("utf-8") if source.exists() else ""
    function = f"def {name.partition('[')[0]}():\n    pass\n"
    if function not in known:
        source.write_text(known + function, encoding="utf-8")
    history: list[dict[str, Any]] = []
    made = []
    for number, (user, answer) in enumerate(said):
        history.append({"role": "user", "content": user})
        asked = {"model": "gpt-4o-mini", "messages": list(history), **body}
        message = {"role": "assistant", "content": answer}
        usage = {"prompt_tokens": 10 * len(history), "completion_tokens": 5, "total_tokens": 10 * len(history) + 5}
        reply = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
        made.append(interaction(asked, reply, url=URL, key=digest(f"{test}{number}")))
        history.append(message)
    trace = trace_of(made, test)
    amounts = totals([entry for entry in trace.entries if isinstance(entry, LLMCall)])
    cassette = cassette_of_test(source, name)
    counted = {
        "calls": amounts.calls,
        "usage": amounts.usage.to_data(),
        "priced_usd": amounts.priced_usd,
        "unpriced_calls": amounts.unpriced_calls,
    }
    meta = {"test": test, "behaviour": behaviour_digest(trace), "totals": counted}
    write(cassette, Recorded(golden=Golden(test=test, trace=trace, totals=amounts), interactions=made, meta=meta))
    return cassette
