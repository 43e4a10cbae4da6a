"""What can fail a test, or is worth saying about it. Wording lives in `_report`."""

from __future__ import annotations

from typing import Any, Literal

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.severities import DriftKind, Severity


@frozen
class Drift:
    """A difference between the golden and the observed trace."""

    kind: DriftKind
    conversation: str
    """Label of the conversation, as shown."""
    turn: int
    """Turn in the conversation, from 1: of the golden trace, or of the observed one for `call_added`."""
    path: str
    """What differs, within the call: ``messages[0].content``, ``params.temperature``, ``model``, ..."""
    golden: Any = None
    observed: Any = None
    severity: Severity = "fail"
    policy_severity: Severity | None = None
    """What the policy says about its kind, where it fails all the same: replay had no answer to what was sent."""
    role: str | None = None
    """Role of the message that differs, where one does."""
    first: bool = False
    """Whether this is where the two traces first part."""
    folded: int = 0
    """How many later differences follow from this one and are not listed."""
    folded_at: tuple[str, ...] = ()
    """Where those are: ``lead turn 3``."""
    suggestion: tuple[str, ...] = ()
    """Rules of `llm_normalize` that would absorb it, where it is no behaviour."""


@frozen
class Miss:
    """A request in replay that is no LLM call and is not on the tape."""

    method: str
    url: str
    detail: str = ""
    """What the nearest recorded request has different."""
    elsewhere: bool = False
    """Whether the same is recorded at another address: a setting of the client is what it takes, no recording."""
    severity: Severity = "fail"


@frozen
class Unplayed:
    """A recorded request that is no LLM call and was not made again."""

    method: str
    url: str
    count: int = 1
    severity: Severity = "fail"


@frozen
class Bypass:
    """Traffic past the tape."""

    what: str
    """The address, or the call that no HTTP explains; empty where calls are only known to be missing."""
    stack: tuple[str, ...] = ()
    expected: int | None = None
    """Of a test in which fewer LLM calls were seen than its marker expects: how many it does (`min_calls`)."""
    severity: Severity = "fail"


@frozen
class NoCassette:
    """A test that calls an LLM and has no recording: replay cannot go on, live it is compared with nothing."""

    cassette: str
    """Where the golden trace would be, relative to the root directory."""
    request: str = ""
    """The first request that found no cassette."""
    tape: str | None = None
    """What holds recorded calls all the same, but no golden trace: an imported tape, or a vcrpy cassette."""
    tapes_off: bool = False
    """Whether there is none because the project keeps no tapes: then recording does not help."""
    severity: Severity = "fail"


@frozen
class Breach:
    """A budget that was exceeded, or could not be checked because a price is unknown."""

    scope: str
    """``run``, a directory, or the node id of the test."""
    what: Literal["usd", "tokens", "calls", "growth"]
    limit: float
    value: float | None
    """`None`: not known, because these models have no price."""
    models: tuple[str, ...] = ()
    """Models without a price."""
    refused: bool = False
    """Whether a live call was refused because the budget was spent, or cannot be checked."""
    of: Literal["usd", "tokens"] | None = None
    """What grew, where it is growth."""
    source: str | None = None
    """Where the limit can be raised: a flag, an ini value, a table of pyproject.toml, a marker."""
    severity: Severity = "fail"


@frozen
class Internal:
    """A bug in pytest-llmtrace, or a cassette that cannot be read."""

    text: str
    traceback: str = ""
    severity: Severity = "fail"


Finding = Drift | Miss | Unplayed | Bypass | NoCassette | Breach | Internal
