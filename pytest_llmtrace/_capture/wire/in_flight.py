"""What is being sent in this context: how an answer, or the failure to answer, finds the exchange it belongs to."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, NoReturn
from weakref import ref

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.loose import Loose
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.wire.blocked import stop_if_blocked
from pytest_llmtrace._capture.wire.reading import watch
from pytest_llmtrace._capture.wire.swapping import swap_models, swaps
from pytest_llmtrace._capture.wire.transport_failures import GivenUpError
from pytest_llmtrace._model.record_flag import record_flag

if TYPE_CHECKING:
    from pytest_llmtrace._capture.from_litellm.call import LitellmCall

litellm_call: Loose[LitellmCall] = Loose("llmtrace_litellm_call")
"""The litellm call that is being made in this context; set by the litellm logger."""

_sent: ContextVar[tuple[ref[Recorder], ref[Exchange]] | None] = ContextVar("llmtrace_sent", default=None)
"""Keeps nothing alive, as `Loose` does not."""


def sent() -> tuple[Recorder, Exchange] | None:
    """The request that was last sent in this context, and who records it."""
    named = _sent.get()
    if named is None:
        return None
    recorder, exchange = named[0](), named[1]()
    return None if recorder is None or exchange is None else (recorder, exchange)


def note_sent(recorder: Recorder, exchange: Exchange) -> None:
    """A request is sent in this context."""
    _sent.set((ref(recorder), ref(exchange)))


@dataclass(slots=True, weakref_slot=True, eq=False)
class HandedOn:
    """A request that one stub has opened and lets the library below send, where another stub meets it."""

    opened: tuple[Recorder | None, Exchange] | None
    """Who records it, and its exchange; `None`: nobody does."""
    met: bool = False


_handed_on: Loose[HandedOn] = Loose("llmtrace_handed_on")


@contextlib.contextmanager
def handing_on(opened: tuple[Recorder | None, Exchange] | None) -> Iterator[None]:
    """The request that is sent in this context is opened. Args: opened: what the switchboard said of it."""
    handed = HandedOn(opened)
    _handed_on.set(handed)
    try:
        yield
    finally:
        _handed_on.set(None)


def handed_on() -> HandedOn | None:
    """What was opened above, told once; `None`: nothing, so the request is to be opened here."""
    handed = _handed_on.get()
    if handed is None or handed.met:  # litellm tries again where a session has closed: that is another request
        return None
    handed.met = True
    recorder, exchange = handed.opened or (None, None)
    if recorder is not None and exchange is not None:
        note_sent(recorder, exchange)
    return handed


def noticing_failures(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a patched send function: a live request that raises is closed as failed, a streamed answer is watched."""

    @functools.wraps(function)
    def send(*args: Any, **kwargs: Any) -> Any:
        _sent.set(None)
        if swaps:
            asking = litellm_call.get()
            under_way = asking is not None and asking.open and asking.heard_by() is current()
            args, kwargs = swap_models(args, kwargs, litellm_provider=asking.provider if asking and under_way else None)
        try:
            result = function(*args, **kwargs)
        except GivenUpError as error:  # only tasks are given up; a thread would wait for ever
            _given_up()
            raise TimeoutError(str(error)) from None
        except BaseException as error:
            _failed(error)
            raise
        return _awaited(result) if isinstance(result, CoroutineType) else watch(result, sent())

    async def _awaited(coroutine: Any) -> Any:
        try:
            return watch(await coroutine, sent())
        except GivenUpError:
            try:
                await _be_given_up()
            finally:
                _given_up()
            _stop_waiting()
        except BaseException as error:
            _failed(error)
            raise

    return send


async def _be_given_up() -> None:
    """Wait to be cancelled, in the event loop of whatever library runs this, as long as anybody may have meant to."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        trio = sys.modules["trio"]
        with trio.move_on_after(PATIENCE):
            await trio.sleep_forever()
        return
    waiting = loop.create_future()
    # No `sleep`, which tests replace. It may be cancelled in the moment in which the time is over.
    timer = loop.call_later(PATIENCE, lambda: None if waiting.done() else waiting.set_result(None))
    try:
        await waiting
    finally:
        timer.cancel()


def _stop_waiting() -> NoReturn:
    """Nobody gave up what was given up while it was recorded. Raises: the stop; where its test is over, a time-out."""
    found = sent()
    if found is None:
        raise TimeoutError(f"nobody has given this request up for {PATIENCE:.0f} s")
    recorder, exchange = found
    asked = f"{exchange.request.method} {exchange.request.url}"
    recorder.refuse_live(
        f"{asked} was cancelled by the application while it was recorded, so there is no answer on the tape.\n"
        f"Now nothing has cancelled it for {PATIENCE:.0f} s. If that is meant, record the test again with "
        f"`pytest {record_flag()} --llm-record-mode=all`, which makes live calls."
    )


def _given_up() -> None:
    found = sent()
    if found is not None:
        found[1].given_up()


def _failed(error: BaseException) -> None:
    found = sent()
    if found is not None:
        found[0].failed(found[1], error)
        stop_if_blocked(*found, error)


PATIENCE: Final = 300.0
"""Seconds for which a request waits to be cancelled once more: in replay a time-out takes as long as it did."""
