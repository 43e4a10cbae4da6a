"""One HTTP request in flight, from the moment the client sends it to its answer."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_llmtrace._capture.asked import Asked
from pytest_llmtrace._capture.assembly.strands import current_strand
from pytest_llmtrace._capture.enclosing import Enclosing
from pytest_llmtrace._capture.labels import Labels
from pytest_llmtrace._capture.llm_requests import is_llm_request
from pytest_llmtrace._capture.wire.transport_failures import LEFT, is_cancellation, is_failure
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction, Phase
from pytest_llmtrace._model.matching import is_loopback

if TYPE_CHECKING:
    from pytest_llmtrace._model.trace import Source


class ReplayStopError(BaseException):
    """Raised into the client in place of an answer; SDK retries and `except Exception` do not swallow it.

    The run replaces it with a subclass of pytest's own failure exception; here it only has to be a BaseException.
    """


@dataclass(slots=True, weakref_slot=True, kw_only=True, eq=False)
class Exchange:
    """A request with what became of it. Mutable: it is filled while the request runs."""

    asked: Asked
    """What was sent, as a file may hold it, and its key."""
    proof: tuple[str, ...] = field(default=(), repr=False)
    """What the request proved itself with, which its answer may repeat; in no file and in no report."""
    told_llm: bool | None = None
    """Whether it is a call of a model; `None`: nobody has asked, see `is_llm`."""
    taped: bool = True
    """Whether it belongs on the tape (False: local traffic that the tape leaves alone)."""
    labels: Labels
    context: Any = None
    """The litellm call that was being made in the same context, if any."""
    enclosing: Enclosing | None = None
    """What it was made inside of."""
    strand: object = field(default_factory=current_strand)
    """What runs one thing after the other, and made this request: a task or the main thread."""
    thread: threading.Thread = field(default_factory=threading.current_thread)
    """What waits for its answer, or runs the event loop that does."""
    phase: Phase = "call"
    started: float = field(default_factory=time.perf_counter)
    ended: float | None = None
    response: HttpResponse | None = None
    """Redacted, as it stands on the tape."""
    given: HttpResponse | None = None
    """What the application reads of a recorded answer, where that is not what stands on the tape: values that it sent
    itself are in the place of their placeholders; or an older version recorded what is removed now. In no file."""
    source: Source = "live"
    events_read: int | None = None
    """How many events of a streamed answer the application asked for; `None`: nobody looked, so all of them."""
    position: int | None = None
    """Position on the tape that answered."""
    nearest: bool = False
    """Whether that position only comes near to this request, which is not on the tape."""
    swapped: str | None = None
    """``OLD=NEW``, where another model was asked than the application asked for."""
    missed: bool = False
    unsent: bool = False
    """Whether it was stopped before it went out live: no call was made."""
    refused_by: str | None = None
    """The vcrpy cassette, another's, that should have answered and could not."""
    failure: HttpResponse | None = None
    """How it ended without an answer, as it stands on the tape."""

    def answered(self, response: HttpResponse, source: Source) -> None:
        """Note the answer."""
        self.response = response
        self.source = source
        self.ended = time.perf_counter()

    def failed(self, failure: HttpResponse | None, source: Source = "live") -> None:
        """Note that no answer came, and why, where that can be told."""
        if self.ended is None:
            self.failure = failure
            self.source = source
            self.ended = time.perf_counter()

    def given_up(self) -> None:
        """Note that the application did not wait any longer for what waits to be given up."""
        self.ended = time.perf_counter()

    def played(self, recorded: HttpResponse, given: HttpResponse, source: Source) -> None:
        """Note the answer, or the failure, that a recording has."""
        self.given = given
        if is_failure(recorded):
            self.failed(recorded, source)
            if is_cancellation(recorded):
                self.ended = None  # it waits to be given up
        else:
            self.answered(recorded, source)

    @property
    def request(self) -> HttpRequest:
        """Redacted: what was sent, as a file may hold it."""
        return self.asked.request

    @property
    def key(self) -> str:
        """What the request is found by on a tape."""
        return self.asked.key

    @property
    def got_nothing(self) -> bool:
        """Whether it was sent, and failed in a way that can be told, or is still under way."""
        return self.failure is not None or (self.ended is None and not self.missed)

    def ended_before(self, moment: float) -> bool:
        """Whether it was over by then."""
        return self.ended is not None and self.ended <= moment

    @property
    def is_llm(self) -> bool:
        """Whether it is a call of a model. Found out when somebody asks: nobody does while the tape answers."""
        if self.told_llm is None:
            self.told_llm = is_llm_request(self.asked.unsearched or self.request)
        return self.told_llm

    @property
    def replayed(self) -> bool:
        """Whether nothing must be sent: the answer, or the failure, is known already."""
        return self.response is not None or (self.failure is not None and self.source != "live")

    @property
    def is_local(self) -> bool:
        """Whether it went to this machine."""
        return is_loopback(urlsplit(self.request.url).hostname or "")

    @property
    def status(self) -> int | None:
        """HTTP status of the answer."""
        return self.response.status if self.response is not None else None

    @property
    def retryable(self) -> bool:
        """Whether the same request may follow as another attempt of the same call."""
        if self.response is None:
            return self.ended is not None and not self.missed
        return self.response.status in {408, 409, 429} or self.response.status >= 500


def interaction_of(exchange: Exchange) -> Interaction:
    """An exchange that is over, or will not be while its test runs, as the tape holds it."""
    response = exchange.response if exchange.response is not None else exchange.failure
    if response is None:
        if exchange.ended is not None:
            raise ValueError("an exchange without an answer cannot be taped")
        response = LEFT
    return Interaction(request=exchange.request, response=response, key=exchange.key, phase=exchange.phase)


def local_ports(exchanges: Iterable[Exchange]) -> set[int | None]:
    """The ports of this machine that requests went to; `None` for other machines."""
    return {local_port(url) for url in {one.request.url for one in exchanges}}


@functools.lru_cache(maxsize=64)  # the requests of a run go to a few addresses
def local_port(url: str) -> int | None:
    """The port of this machine that an address names."""
    parts = urlsplit(url)
    return parts.port if is_loopback(parts.hostname or "") else None
