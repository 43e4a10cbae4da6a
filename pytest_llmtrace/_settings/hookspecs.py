"""The hooks that a conftest or a plugin may implement."""

from __future__ import annotations


def pytest_llmtrace_normalize(text: str, nodeid: str) -> str | None:
    """Take out of a text what is no behaviour, in a way that no rule of `llm_normalize` can.

    It serves the matching of requests, the comparison and golden files alike, like a rule, and comes after those.
    Every implementation is asked, each about what the one before it returned.

    Args:
        text: A text of a message, a parameter, an argument or a result; of the golden trace, or as it was observed.
        nodeid: The test; of a fixture of wider scope, the one that set it up, or its module.

    Returns:
        The text as it is to be compared; `None` where nothing is to be done.
    """


def pytest_llmtrace_redact(text: str) -> str | None:
    """Remove what must never reach a file, besides the keys and tokens that are removed anyway.

    It is asked about every text of every request, answer, tool call and event before anything is written: tapes,
    journals, golden traces and reports. It must return the same for the same text, or replay finds no request again.
    Every implementation is asked, each about what the one before it returned.

    Args:
        text: A text in a body, or a URL; of a body that is not JSON, a line.

    Returns:
        The text as a file may hold it; `None` where nothing is to be done.
    """
