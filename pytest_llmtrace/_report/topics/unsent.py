"""Words about spans that did not reach their collector."""

from __future__ import annotations


def unsent_line(url: str, problem: str) -> str:
    """What went wrong, what became of the spans, and what to do."""
    return (
        f"spans: {url}: {problem}; what did not arrive is not kept: run the tests again (a replay makes the same "
        "calls), or write them to a file with --llm-report=spans.otlp.jsonl"
    )
