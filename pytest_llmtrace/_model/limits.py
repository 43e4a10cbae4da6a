"""What may be used at most, by whom, and who says so."""

from __future__ import annotations

from typing import Final, Literal

from pytest_llmtrace._model.frozen import frozen

What = Literal["usd", "tokens", "calls"]
"""US dollars; tokens, input and output together; LLM calls."""

RUN: Final = "run"
"""The scope of what a whole run may use."""


@frozen
class Limit:
    """What one scope may use at most of one thing."""

    scope: str
    """``run``; a directory, relative to the root directory; or the node id of a test."""
    what: What
    value: float
    source: str | None = None
    """Where it can be raised: ``--llm-budget``, ``llm_budget in pytest.ini``, ``@pytest.mark.llm_budget(usd=...)``."""


@frozen
class MaxGrowth:
    """How much more than the golden traces may be used, as fractions: 0.1 is 10 %. `None`: as much as it takes."""

    usd: float | None = None
    tokens: float | None = None
    source: str | None = None
    """Where it can be raised."""


def lies_in(directory: str, scope: str) -> bool:
    """Whether a directory is another one, or lies below it; both relative to the root directory, which is ``.``."""
    if scope == ".":
        return directory != ".." and not directory.startswith(("../", "/"))
    return directory == scope or directory.startswith(f"{scope}/")
