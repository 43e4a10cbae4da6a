"""What the run wants to be asked, or told, while a recorder works; and who answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_llmtrace._capture.exchange import Exchange, ReplayStopError
from pytest_llmtrace._model.http import Interaction

Wire = Literal["tape", "fill", "live", "watch"]
"""Who answers: `tape`: the tape alone; `fill`: the tape, else live; `live`: live, kept; `watch`: live, nothing kept."""


@dataclass(slots=True, kw_only=True, eq=False)  # not frozen: each test has one, whose fields are set in half the time
class Gates:
    """What the run wants to be asked or told while requests are made."""

    stop: Callable[[str], BaseException] = ReplayStopError
    """Makes the exception that ends a request without an answer, from one line of text."""
    allow_live: Callable[[Exchange | None], str | None] = lambda _exchange: None
    """Asked before a live LLM call (`None`: a connection that nobody can read): why it must not be made, or `None`."""
    nearest: Callable[[Exchange, Sequence[Exchange]], tuple[int, Interaction] | None] = lambda _exchange, _made: None
    """Asked, with all requests so far, what else may answer an LLM request that is not on the tape; `None`: nothing."""
    went_live: Callable[[Exchange], None] = lambda _exchange: None
    """Told of each live LLM call that was answered."""
    live_failed: Callable[[Exchange], None] = lambda _exchange: None  # of each live request that got no answer
    keep: Callable[[Interaction], str | None] = lambda _interaction: None
    """Told of each live interaction that belongs on the tape, at once, so that nothing paid for is lost: why it cannot
    be kept, so that nothing more may be paid for, or `None`."""
    keep_if_clean: Callable[[Interaction], bool] | None = None
    """The same for one that nobody has searched for secrets, which is searched in the text that is kept of it: whether
    that was kept. Not where something may be in it, or it could not be kept: then it is to be searched, and `keep` is
    told. Where there is no such gate, each request is searched before it is sent."""
