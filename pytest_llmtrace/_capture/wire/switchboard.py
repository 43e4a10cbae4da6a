"""What every stub asks about a request: who records it, and what answers it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final, Literal, NoReturn, TypeVar
from urllib.parse import urlsplit

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.faults import noting, stop_for
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.tape import replayed
from pytest_llmtrace._capture.wire.in_flight import litellm_call, note_sent
from pytest_llmtrace._capture.wire.mocks import passed_on
from pytest_llmtrace._capture.wire.strays import strays
from pytest_llmtrace._capture.wire.swapping import stop_unswapped, swapped, swaps
from pytest_llmtrace._capture.wire.telemetry import may_report, reported
from pytest_llmtrace._capture.wire.transport_failures import exception_of
from pytest_llmtrace._capture.wire.upgrades import is_upgrade, note_upgrade
from pytest_llmtrace._model.http import Headers, HttpRequest, HttpResponse

Answer = TypeVar("Answer")

Opened = tuple[Recorder | None, Exchange]
"""Who records a request, and its exchange; one without a recorder is answered already."""

_UNREAD: Final = "a request could not be read"
_CHORES: Final = (("raw.githubusercontent.com", "/litellm/"), ("huggingface.co", "/api/agent-harnesses"))
"""What SDKs fetch now and then, on their own and doing without it: litellm's price map, huggingface_hub's telemetry.
Kept off the network and off every tape, which would differ from one day to the next."""


class Switchboard:
    """Finds the recorder of a request, and speaks for it with the stubs."""

    def __init__(
        self, *, stop: Callable[[str], BaseException], replay_only: bool, allows: Callable[[str], bool]
    ) -> None:
        """See `Interception`."""
        self._stop = stop
        self._replay_only = replay_only
        self._allows = allows
        self._ordinary = ""
        """The last address that is neither of an errand nor of a receiver of reports."""
        self._asking_for_none: Headers = ()
        """The headers of the last request that wants no websocket: of a client's requests, all have them."""

    def open(self, read: Callable[[], HttpRequest]) -> Opened | None:
        """A request is about to be sent. Returns who records it; `None`: nobody does, and it goes out.

        Args:
            read: Gives the request. A bug in it stops the test that sends the request.
        """
        recorder = current()
        passed_on()
        try:
            request = read()
        except Exception as error:
            stop_for(error, recorder, _UNREAD)
            raise
        if request.url != self._ordinary and (report := self._reported(request, recorder)) is not None:
            return report or None
        if recorder is None:
            if strays.note(request, replay_only=self._replay_only):
                self._refuse(f"llmtrace: {request.place} was sent outside of any test")
            return None
        try:
            if request.headers is not self._asking_for_none and is_upgrade(request.headers):
                note_upgrade(recorder, request.url, self._allows)
                return None
            self._asking_for_none = request.headers
            if swaps:
                stop_unswapped(request)
        except Exception as error:
            stop_for(error, recorder, _UNREAD)
            raise
        exchange = recorder.open(request, litellm_call.get())
        if swaps:
            exchange.swapped = swapped.get()
        note_sent(recorder, exchange)
        return recorder, exchange

    def _reported(self, request: HttpRequest, recorder: Recorder | None) -> Opened | tuple[()] | None:
        """What becomes of a request that only reports (`reported`). Raises: `ConnectionRefusedError`, for an errand."""
        if _is_chore(request.url):
            raise ConnectionRefusedError(f"llmtrace keeps an SDK's own errands off the network: {request.place}")
        if may_report(request.url):
            return reported(request, recorder, replay_only=self._replay_only)
        self._ordinary = request.url
        return None

    def answer(self, opened: Opened | None, made: Callable[[HttpResponse], Answer]) -> Answer:
        """The recorded answer. Raises: the recorded failure, where there was no answer.

        Args:
            opened: What `open` gave.
            made: Makes of it what the stub's library takes. A bug in it stops the test that sends the request.
        """
        if opened is None:
            raise LookupError("nobody records this request")
        recorder, exchange = opened
        if exchange.response is not None:
            try:
                return made(replayed(exchange.given or exchange.response))
            except Exception as error:
                stop_for(error, recorder, "a recorded answer could not be given")
                raise
        if exchange.failure is not None:
            raise exception_of(exchange.given or exchange.failure)
        raise LookupError(f"no recorded answer for {exchange.request.place}")

    def answered(self, opened: Opened | None, read: Callable[[], HttpResponse]) -> None:
        """The answer of a live request has come. Args: read: gives it; a bug in it is noted, and fails the test."""
        if opened is not None and opened[0] is not None and opened[1].ended is None:
            with noting(opened[0].faults, "the answer of a live request could not be read"):
                opened[0].answered(opened[1], read())

    def observed(self, read: Callable[[], tuple[HttpRequest, HttpResponse]], source: Literal["live", "tape"]) -> None:
        """Another cassette has answered or recorded a request."""
        recorder = current()
        passed_on()
        if recorder is not None:
            with noting(recorder.faults, "what another cassette answered could not be traced"):
                recorder.observe(*read(), source, litellm_call.get())

    def refused(self, read: Callable[[], HttpRequest], path: str) -> None:
        """Another cassette has no answer to a request, and does not record it."""
        recorder = current()
        if recorder is not None:
            with noting(recorder.faults, "what another cassette refused could not be traced"):
                recorder.refuse(read(), litellm_call.get(), path)

    def _refuse(self, text: str) -> NoReturn:
        raise self._stop(text)


@functools.lru_cache(maxsize=256)
def _is_chore(url: str) -> bool:
    parts = urlsplit(url)
    return any(parts.hostname == host and path in parts.path for host, path in _CHORES)
