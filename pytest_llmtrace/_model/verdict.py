"""The outcome of one owner: what was found, and what a reader needs to understand it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.usage import Totals

if TYPE_CHECKING:  # most verdicts hold none of them
    from pytest_llmtrace._model.conversations import Conversation
    from pytest_llmtrace._model.findings import Finding
    from pytest_llmtrace._model.trace import LLMCall

Mode = Literal["off", "trace", "record", "live"]
RecordMode = Literal["new", "changed", "all"]
OnMiss = Literal["stop", "nearest"]


@frozen
class Verdict:
    """Findings about one owner, with both traces side by side."""

    owner: str
    """The pytest node id, or ``fixture <scope> <name>``."""
    mode: Mode
    findings: tuple[Finding, ...] = ()
    golden: tuple[Conversation, ...] | None = None
    """`None`: there is no golden trace, or it was not needed."""
    golden_calls: tuple[LLMCall, ...] = ()
    """The calls of `golden` in the order in which they began."""
    observed: tuple[Conversation, ...] = ()
    golden_file: str | None = None
    """Relative to the root directory."""
    tape_file: str | None = None
    golden_totals: Totals | None = None
    observed_totals: Totals = Totals()
    not_understood: tuple[str, ...] = ()
    """Requests to LLM providers that may have asked a model, and that no dialect can read: ``POST https://...``."""
    stopped: bool = False
    """Whether a miss ended the test before it was done: what comes later was not reached."""
    exception: str | None = None
    """The exception that the test ended with because of a miss, as one line; replaced by the verdict."""
    left_over: str = ""
    """Name of a thread that sent a request without an answer and is older than the test: maybe an earlier test's."""
    could_go_on: bool = False
    """Whether a request without an answer ended it that could have been answered with what comes nearest."""
    nearest: int = 0
    """Requests that are not on the tape and were answered with what comes nearest (`--llm-on-miss=nearest`)."""
    private: bool = False
    """Whether texts are replaced by digests."""
    accept: str | None = None
    """The command that accepts what was observed."""
    instead: tuple[str, ...] = ()
    """Models that were asked in place of those that the application names (`--llm-model`)."""
    accept_calls: int = 0
    """Live calls that it would make, at least."""
    accept_usd: float | None = None
    """What those would cost, estimated from the golden trace; `None`: not known."""
    accept_paid: int = 0
    """Answers that an earlier recording paid for, and that wait in the journal: they are used first."""

    @property
    def failed(self) -> bool:
        """Whether any finding fails the test."""
        return any(finding.severity == "fail" for finding in self.findings)
