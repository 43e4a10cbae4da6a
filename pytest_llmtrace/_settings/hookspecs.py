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


def pytest_llmtrace_score(golden: str, observed: str, nodeid: str) -> float | bool | None:
    """Judge whether an answer that is worded otherwise still says the same: by an embedding, or by asking a model.

    It is asked where the policy of the test names no `text_scorer`, once about each pair of texts. The first
    implementation that has an opinion is followed.

    Args:
        golden: The text of an answer in the golden trace.
        observed: The one in its place now.
        nodeid: The test.

    Returns:
        `True` or `False`; a likeness from 0 to 1, which may fall short of 1 by `text_tolerance`; `None` where the words
        are to be compared as if there were no hook.
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
