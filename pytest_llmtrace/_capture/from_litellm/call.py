"""One call of litellm's, as its events tell of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import ref

from pytest_llmtrace._capture.assembly.strands import current_strand
from pytest_llmtrace._capture.enclosing import Enclosing, enclosing
from pytest_llmtrace._capture.labels import NO_LABELS, Labels

if TYPE_CHECKING:
    from pytest_llmtrace._capture.recorder import Recorder


@dataclass(slots=True, weakref_slot=True, kw_only=True, eq=False)
class LitellmCall:
    """One litellm call, as its logger saw it. Mutable: events fill it, from any thread."""

    heard_by: ref[Recorder]
    """The recorder of its test, which holds the call, and so is not held by it: nothing waits for the collector."""
    kwargs: dict[str, Any]
    """litellm's own while it runs; of one that has ended what is read later, for the whole refers to all that a call
    makes, and to this record: Python's garbage collector would have to find it."""
    model: str = ""
    """The model at the beginning; a fallback changes the one in `kwargs`."""
    provider: str = ""
    """Likewise."""
    sent: Any = None
    """The request as litellm says it will send it."""
    call_id: str = ""
    trace_id: str = ""
    again: bool = False
    """Whether a Router makes it because another one failed."""
    asked: Any = None
    """Messages or input as they were in the first event; the last may say "redacted" in their place."""
    labels: Labels = NO_LABELS
    inherited: Labels = NO_LABELS
    enclosing: Enclosing | None = field(default_factory=enclosing)
    """What it was made inside of."""
    strand: object = field(default_factory=current_strand)
    """See `strands`."""
    started: float = field(default_factory=time.perf_counter)
    ended: float | None = None
    succeeded: bool | None = None
    """`None` while it runs, and for good where litellm never says."""
    response: Any = None
    error: Any = None
    cost: float | None = None
    local: bool = False
    """Whether litellm itself answers, from `mock_response` or its cache: it never announced a request."""
    http: int = 0
    """How many HTTP exchanges were made for it."""

    @property
    def recorder(self) -> Recorder:
        """Of its test. Raises: `LookupError`, where that is long over."""
        recorder = self.heard_by()
        if recorder is None:
            raise LookupError(f"the test of this call of {self.model} is over")
        return recorder

    @property
    def open(self) -> bool:
        """Whether its end is still to come."""
        return self.ended is None


def continues(call: LitellmCall, before: LitellmCall | None) -> bool:
    """Whether litellm made a call because another one had failed.

    The calls of one ``completion(fallbacks=...)`` share litellm's call id; those of one call of a Router have a trace
    id in common, and only from the second on Router notes that there were others before.
    """
    if before is None or before is call:
        return False
    if call.call_id and call.call_id == before.call_id:
        return True
    return call.again and call.trace_id == before.trace_id
