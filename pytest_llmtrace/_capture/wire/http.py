"""The HTTP stub: vcrpy's patches on every HTTP library, with our own decisions behind them.

vcrpy intercepts; matching, storage and misses are ours. One router cassette is installed for the whole session and
asks the current recorder about each request. This module, `other_cassettes` and `vcr_patches` alone touch vcrpy's
private names.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn
from urllib.parse import urlsplit

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.faults import noting, stopping
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.tape import replayed
from pytest_llmtrace._capture.wire.blocked import stop_if_blocked
from pytest_llmtrace._capture.wire.instrumented import bare_originals, below, wrapped_by_others
from pytest_llmtrace._capture.wire.mocks import noting_sends, passed_on
from pytest_llmtrace._capture.wire.other_cassettes import watching_others
from pytest_llmtrace._capture.wire.reading import watch
from pytest_llmtrace._capture.wire.strays import strays
from pytest_llmtrace._capture.wire.swapping import stop_unswapped, swap_models, swapped, swapping
from pytest_llmtrace._capture.wire.telemetry import reported
from pytest_llmtrace._capture.wire.transport_failures import GivenUpError, exception_of
from pytest_llmtrace._capture.wire.upgrades import is_upgrade, note_upgrade
from pytest_llmtrace._capture.wire.vcr_patches import vcr_patches
from pytest_llmtrace._capture.wire.vcr_values import as_vcr, place_of, request_of, response_of

if TYPE_CHECKING:
    from pytest_llmtrace._capture.from_litellm.logger import LitellmCall

IN_PROCESS: Final = frozenset({"WSGITransport", "ASGITransport", "MockTransport"})
"""Transports that never leave the process: patched by vcrpy, left alone by us, or the application under test would
not run at all in replay."""

_CHORES: Final = (("raw.githubusercontent.com", "/litellm/"), ("huggingface.co", "/api/agent-harnesses"))
"""What SDKs fetch now and then, on their own and doing without it: litellm's price map, huggingface_hub's telemetry.
Kept off the network and off every tape, which would differ from one day to the next."""

_TICKET: Final = "_llmtrace_ticket"
_Ticket = tuple[Recorder | None, Exchange] | tuple[()]

litellm_call: ContextVar[LitellmCall | None] = ContextVar("llmtrace_litellm_call", default=None)
"""The litellm call that is being made in this context; set by the litellm logger."""

_sent: ContextVar[tuple[Recorder, Exchange] | None] = ContextVar("llmtrace_sent", default=None)
"""The request that was last sent in this context: how its answer, or the failure to answer, finds its exchange."""


class Interception:
    """Installs and removes the HTTP stub for the process."""

    def __init__(
        self,
        *,
        stop: Callable[[str], BaseException],
        replay_only: bool,
        allows: Callable[[str], bool] = lambda _host: False,
        swaps: Sequence[tuple[str, str]] = (),
    ) -> None:
        """How the stub behaves where no owner answers.

        Args:
            stop: makes the exception for an LLM request that no owner answers for.
            replay_only: whether LLM providers are out of reach even outside of any owner (trace mode).
            allows: whether the project lets connections to a host past the tape.
            swaps: models that live runs ask for, and what they are to ask in their place.
        """
        self._swaps = tuple(swaps)
        self._stop = stop
        self._replay_only = replay_only
        self._allows = allows
        self._patches: contextlib.ExitStack | None = None

    @property
    def installed(self) -> bool:
        """Whether the stub is in place."""
        return self._patches is not None

    def install(self) -> None:
        """Put the stub in place, once; imports vcrpy."""
        if self._patches is not None:
            return
        import vcr.patch  # noqa: PLC0415  # costs half a second, paid only by runs that trace

        switchboard = _Switchboard(self._stop, self._replay_only, self._allows)
        with contextlib.ExitStack() as patches:
            if self._swaps:
                patches.enter_context(swapping(self._swaps))
            for patcher in (
                *watching_others(switchboard.observed, switchboard.refused),
                *vcr_patches(),
                *noting_sends(),
            ):
                patches.enter_context(patcher)
            with bare_originals(vcr.patch):
                built = list(_builder_class(vcr.patch)(_router_class()(switchboard)).build())
            for patcher in built:
                patches.enter_context(patcher)
            self._patches = patches.pop_all()

    def remove(self) -> None:
        """Take the stub away."""
        if self._patches is not None:
            self._patches.close()
            self._patches = None


class _Switchboard:
    """What the router asks: finds the recorder of a request, and speaks its language."""

    def __init__(
        self,
        stop: Callable[[str], BaseException],
        replay_only: bool,  # noqa: FBT001
        allows: Callable[[str], bool],
    ) -> None:
        self._stop = stop
        self._replay_only = replay_only
        self._allows = allows

    def open(self, request: Any) -> tuple[Recorder | None, Exchange] | None:
        """The recorder and exchange of a vcrpy request; `None`: nobody records it. Asked again, the same answer.

        An exchange without a recorder is answered already.
        """
        ticket = getattr(request, _TICKET, None)
        if ticket is None:
            ticket = self._opened(request)
            setattr(request, _TICKET, ticket)
        return ticket or None

    def answer(self, request: Any) -> dict[str, Any]:
        """The recorded answer of a vcrpy request. Raises: the recorded failure, where there was no answer."""
        opened = self.open(request)
        if opened is not None and opened[1].response is not None:
            with stopping(opened[0], "a recorded answer could not be given"):
                return as_vcr(replayed(opened[1].given or opened[1].response))
        if opened is not None and opened[1].failure is not None:
            raise exception_of(opened[1].given or opened[1].failure)
        raise LookupError(f"no recorded answer for {request.method} {request.uri}")

    def observed(self, request: Any, response: Any, source: Literal["live", "tape"]) -> None:
        """Another cassette has answered or recorded a request."""
        recorder = current()
        passed_on()
        if recorder is not None:
            with noting(recorder.faults, "what another cassette answered could not be traced"):
                recorder.observe(request_of(request), response_of(response), source, litellm_call.get())

    def refused(self, request: Any, path: str) -> None:
        """Another cassette has no answer to a request, and does not record it."""
        recorder = current()
        if recorder is not None:
            with noting(recorder.faults, "what another cassette refused could not be traced"):
                recorder.refuse(request_of(request), litellm_call.get(), path)

    def _opened(self, request: Any) -> _Ticket:
        recorder = current()
        passed_on()
        url = urlsplit(request.uri)
        host = url.hostname or ""
        if any(host == chore and path in url.path for chore, path in _CHORES):
            raise ConnectionRefusedError(f"llmtrace keeps an SDK's own errands off the network: {place_of(request)}")
        if (report := reported(request, recorder, replay_only=self._replay_only)) is not None:
            return report
        if recorder is None:
            if strays.note(request, replay_only=self._replay_only):
                self._refuse(f"llmtrace: {place_of(request)} was sent outside of any test")
            return ()
        with stopping(recorder, "a request could not be read"):
            if is_upgrade(request):
                note_upgrade(recorder, request.uri, self._allows)
                return ()
            stop_unswapped(request)
            raw = request_of(request)
        exchange = recorder.open(raw, litellm_call.get())
        exchange.swapped = swapped.get()
        _sent.set((recorder, exchange))
        return recorder, exchange

    def _refuse(self, text: str) -> NoReturn:
        raise self._stop(text)


@functools.cache
def _router_class() -> type:
    from vcr.cassette import Cassette  # noqa: PLC0415

    class Router(Cassette):  # type: ignore[misc]
        """The cassette that vcrpy's stubs talk to: it holds nothing itself."""

        is_router = True

        def __init__(self, switchboard: _Switchboard) -> None:
            super().__init__(path="llmtrace")
            self._switchboard = switchboard

        def __bool__(self) -> bool:
            return True  # an empty vcrpy cassette is falsy

        @property
        def write_protected(self) -> bool:
            return False  # what cannot be answered stops in `open`, with our own exception

        def filter_request(self, request: Any) -> Any:
            return request

        def can_play_response_for(self, request: Any) -> bool:
            opened = self._switchboard.open(request)
            return opened is not None and opened[1].replayed

        def play_response(self, request: Any) -> dict[str, Any]:
            return self._switchboard.answer(request)

        def append(self, request: Any, response: dict[str, Any]) -> None:
            opened = self._switchboard.open(request)
            if opened is not None and opened[0] is not None and opened[1].ended is None:
                with noting(opened[0].faults, "the answer of a live request could not be read"):
                    opened[0].answered(opened[1], response_of(response))

    return Router


def _builder_class(patch: Any) -> type:
    class Builder(patch.CassettePatcherBuilder):  # type: ignore[misc]
        """Skips in-process transports, and notices requests that fail without an answer."""

        def _build_patcher(self, obj: Any, patched_attribute: str, replacement_class: Any) -> Any:
            if getattr(obj, "__name__", "") in IN_PROCESS:
                return None
            if inspect.isfunction(replacement_class):
                replacement_class = _noticing_failures(replacement_class)
                if wrapped_by_others(obj, patched_attribute):
                    return below(obj, patched_attribute, replacement_class)
            return super()._build_patcher(obj, patched_attribute, replacement_class)

        def _build_cassette_subclass(self, base_class: type) -> type:
            made: type[Any] = super()._build_cassette_subclass(base_class)
            if hasattr(made, "getresponse"):
                made.getresponse = _noticing_failures(made.getresponse)
            return made

    return Builder


def _noticing_failures(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a patched send function: a live request that raises is closed as failed, a streamed answer is watched."""

    @functools.wraps(function)
    def send(*args: Any, **kwargs: Any) -> Any:
        _sent.set(None)
        asking = litellm_call.get()
        under_way = asking is not None and asking.open and asking.recorder is current()
        args, kwargs = swap_models(args, kwargs, litellm_provider=asking.provider if asking and under_way else None)
        try:
            result = function(*args, **kwargs)
        except GivenUpError as error:  # only tasks are given up; a thread would wait for ever
            raise TimeoutError(str(error)) from None
        except BaseException as error:
            _failed(error)
            raise
        return _awaited(result) if inspect.iscoroutine(result) else watch(result, _sent.get())

    async def _awaited(coroutine: Any) -> Any:
        try:
            return watch(await coroutine, _sent.get())
        except GivenUpError:
            await _for_ever()
        except BaseException as error:
            _failed(error)
            raise

    return send


async def _for_ever() -> None:
    """Wait to be cancelled, in the event loop of whatever library runs this."""
    try:
        waiting = asyncio.get_running_loop().create_future()
    except RuntimeError:
        await sys.modules["trio"].sleep_forever()
    else:
        await waiting


def _failed(error: BaseException) -> None:
    sent = _sent.get()
    if sent is not None:
        sent[0].failed(sent[1], error)
        stop_if_blocked(*sent, error)
