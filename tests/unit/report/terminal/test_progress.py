from __future__ import annotations

import pytest

from pytest_llmtrace._report.terminal.progress import progress_text


@pytest.mark.parametrize(
    ("said", "limits", "text"),
    [
        ({"seconds": 9.9, "calls": 1}, [], "llmtrace 0:09: 1 live call, $0.0421"),
        ({}, [("usd", 2.0)], "llmtrace 1:40: 120 live calls, $0.0421 of $2.00 (2.1 %)"),
        ({"dollars": 0.0001}, [("usd", 2.0)], "llmtrace 1:40: 120 live calls, $0.0001 of $2.00 (<0.1 %)"),
        ({"dollars": 0.0}, [("usd", 0.0)], "llmtrace 1:40: 120 live calls, $0 of $0"),
        (
            {"seconds": 3_725, "unpriced": 3},
            [("usd", 2.0), ("tokens", 100_000), ("calls", 500)],
            (
                "llmtrace 1:02:05: 120 of 500 live calls (24 %), $0.0421 of $2.00 (2.1 %), 3 calls without a price, "
                "41,204 of 100,000 tokens (41 %)"
            ),
        ),
    ],
)
def test_progress(said, limits, text):
    """Time, calls and dollars so far, each against its budget; calls whose price nobody knows are counted."""
    known = {"seconds": 100.0, "calls": 120, "dollars": 0.0421, "tokens": 41_204, "unpriced": 0}
    assert progress_text(**(known | said), limits=limits) == text
