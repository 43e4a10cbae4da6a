"""What litellm says about its calls: labels, its own cost, cache hits, and calls that never reach HTTP.

One logger serves the whole session. A private key in litellm's `kwargs` dict, which is the same object in the event
before and in the event after a call, carries our record across threads and event loops.
"""

from __future__ import annotations

import functools
import math
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.enclosing import enclosing, labels_in
from pytest_llmtrace._capture.faults import Faults, stray
from pytest_llmtrace._capture.from_litellm.mark import KEY, Mark, marked_call
from pytest_llmtrace._capture.from_litellm.thread_work import ThreadWork
from pytest_llmtrace._capture.from_litellm.unread import UnreadRecords
from pytest_llmtrace._capture.labels import NO_LABELS, Labels, stated_labels
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.wire.in_flight import litellm_call
from pytest_llmtrace._capture.wire.mocks import is_client_mocked

if TYPE_CHECKING:
    from pytest_llmtrace._capture.from_litellm.call import LitellmCall

MOCK_KEY: Final = "mock-key"
"""The key that litellm names in the event before a call that it answers from `mock_response`: the only sign of it."""

LISTS: Final = (
    "input_callback",
    "success_callback",
    "failure_callback",
    "_async_success_callback",
    "_async_failure_callback",
)
"""The lists that litellm really calls; `litellm.callbacks` is only copied into them."""

RESET: Final = "_reset_all_callbacks"
"""The method of litellm's manager of callbacks that empties the lists; test suites use it."""


READ_LATER: Final = ("call_type", "model", "custom_llm_provider", "optional_params", "stream", "cache_hit")
"""What is read of litellm's `kwargs` when a call is over."""

_AGAIN: Final = ("attempted_retries", "attempted_fallbacks", "previous_models")


class Logger:
    """Our place in litellm's callback lists."""

    def __init__(self) -> None:
        self._callback: Any = None
        self._stays_in: Any = None
        self._thread_work = ThreadWork()
        self._unread = UnreadRecords(functools.partial(_after, succeeded=True))
        self._over = False
        self._lock = threading.Lock()

    def attach(self) -> None:
        """Make sure that our callback is in litellm's lists, where litellm is imported; the user's stay untouched.

        Never again once detached: import hooks cannot be taken back, and may come here much later.
        """
        if self._over or "litellm" not in sys.modules:  # as in most runs, which ask before each call phase
            return
        litellm = sys.modules.get("litellm")  # another thread may have removed it
        if litellm is None or self._is_in_all(vars(litellm)) or not hasattr(litellm, "completion"):
            return
        with self._lock:
            self._thread_work.attach()
            if self._callback is None:
                self._callback = _callback_class()(self.attach)
                self._stay(litellm)
            for name in LISTS:
                callbacks = getattr(litellm, name, None)
                if isinstance(callbacks, list) and self._callback not in callbacks:
                    callbacks.append(self._callback)
            self._unread.attach(self._callback)

    def _is_in_all(self, names: Mapping[str, Any]) -> bool:
        """Whether there is nothing to do, as before nearly every call. Args: names: those of litellm's module."""
        if not self._unread.attached:
            return False
        for name in LISTS:
            callbacks = names.get(name)
            if callbacks is None or self._callback not in callbacks:
                return False
        return True

    def _stay(self, litellm: Any) -> None:
        """Be in the lists after a test has emptied them all."""
        manager = getattr(litellm, "logging_callback_manager", None)
        original = getattr(manager, RESET, None)
        if callable(original):

            def reset() -> None:
                original()
                self.attach()

            setattr(manager, RESET, reset)
            self._stays_in = manager

    def detach(self) -> None:
        """Remove our callback from litellm's lists, for good."""
        self._over = True
        self._thread_work.detach()
        self._unread.detach()
        litellm = sys.modules.get("litellm")
        if litellm is None or self._callback is None:
            return
        if self._stays_in is not None:
            vars(self._stays_in).pop(RESET, None)
        for name in (*LISTS, "callbacks"):
            callbacks = getattr(litellm, name, None)
            if isinstance(callbacks, list):
                callbacks[:] = [one for one in callbacks if one is not self._callback]


@functools.cache
def _callback_class() -> type:
    from litellm.integrations.custom_logger import CustomLogger  # noqa: PLC0415  # only where litellm is in use

    class LlmtraceLogger(CustomLogger):
        """Called by litellm; argument names are litellm's, and a wrong one would be swallowed there."""

        def __init__(self, attach: Callable[[], None]) -> None:
            super().__init__()
            self.attach = attach

        def log_pre_api_call(self, model: Any, messages: Any, kwargs: dict[str, Any]) -> None:  # noqa: ARG002
            self.attach()  # again: the test may have emptied the other lists
            _before(kwargs)

        def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            _after(kwargs, response_obj, start_time, end_time, succeeded=True)

        async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            _after(kwargs, response_obj, start_time, end_time, succeeded=True)

        def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            _after(kwargs, response_obj, start_time, end_time, succeeded=False)

        async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            _after(kwargs, response_obj, start_time, end_time, succeeded=False)

    return LlmtraceLogger


def _before(kwargs: dict[str, Any]) -> None:
    """A request is about to be made. litellm would keep a bug here to itself."""
    try:
        _begun(kwargs)
    except Exception as error:  # noqa: BLE001  # told with the verdict
        _faults(kwargs).note("the beginning of a litellm call could not be recorded", error)


def _faults(kwargs: Any) -> Faults:
    call = marked_call(kwargs) if isinstance(kwargs, Mapping) else None
    recorder = call.heard_by() if call is not None else current()
    return recorder.faults if recorder is not None else stray


def _begun(kwargs: dict[str, Any]) -> None:
    """Take it in; the same call may come here again for a retry."""
    call = marked_call(kwargs)
    if call is not None and call.heard_by() is None:
        litellm_call.set(None)
        return
    if call is None or (call.ended is not None and call.model != str(kwargs.get("model") or "")):
        recorder = current()  # a fallback to another model is another call, though litellm goes on with the same dict
        if recorder is None:
            litellm_call.set(None)
            return
        call = _noted(recorder, kwargs)
    else:
        call.ended = call.succeeded = call.error = None
    call.sent = (kwargs.get("additional_args") or {}).get("complete_input_dict")
    call.local = call.local or kwargs.get("api_key") == MOCK_KEY or is_client_mocked()
    litellm_call.set(call)


def _noted(recorder: Recorder, kwargs: dict[str, Any]) -> LitellmCall:
    """A new record of a call, known to the recorder and to litellm's `kwargs`."""
    from pytest_llmtrace._capture.from_litellm.call import LitellmCall  # noqa: PLC0415  # where litellm is used

    scope = enclosing()
    call = LitellmCall(
        heard_by=ref(recorder),
        kwargs=kwargs,
        model=str(kwargs.get("model") or ""),
        provider=str(kwargs.get("custom_llm_provider") or ""),
        call_id=str(kwargs.get("litellm_call_id") or ""),
        trace_id=str(kwargs.get("litellm_trace_id") or ""),
        again=_is_again(kwargs),
        asked=_asked(kwargs),
        labels=labels_of(kwargs),
        inherited=labels_in(scope),
        enclosing=scope,
    )
    kwargs[KEY] = Mark(call)
    recorder.litellm_calls.append(call)
    return call


def _asked(kwargs: Mapping[str, Any]) -> Any:
    asked = kwargs.get("messages") or kwargs.get("input")
    return [*asked] if isinstance(asked, list) else asked  # the application may append to its own


def _is_again(kwargs: Mapping[str, Any]) -> bool:
    """Whether a Router says in its metadata that it has tried before."""
    told = _metadata(kwargs)
    return bool(told) and any(one.get(name) for one in told if isinstance(one, Mapping) for name in _AGAIN)


def _metadata(kwargs: Mapping[str, Any]) -> list[Any]:
    """What the application, or a Router, hands along with a call."""
    parameters = kwargs.get("litellm_params") or {}
    return [one for one in (parameters.get("metadata"), parameters.get("litellm_metadata")) if one]


def _after(kwargs: dict[str, Any], response: Any, start: Any, end: Any, *, succeeded: bool) -> None:
    """A call has ended. Likewise."""
    try:
        _ended(kwargs, response, start, end, succeeded=succeeded)
    except Exception as error:  # noqa: BLE001  # likewise
        _faults(kwargs).note("the end of a litellm call could not be recorded", error)


def _ended(kwargs: dict[str, Any], response: Any, start: Any, end: Any, *, succeeded: bool) -> None:
    """Take it in. A call that never went out (a cache hit) is first heard of here."""
    call = marked_call(kwargs)
    if call is None:
        recorder = current()
        if recorder is None:
            return
        began = _on_our_clock(recorder, start, recorder.began)
        if began < recorder.began:  # of a test before this one, which was not traced
            return
        call = _noted(recorder, kwargs)
        call.started = began
        call.local = True
    heard_by = call.heard_by()
    if heard_by is None or (call.succeeded is True and response is None):
        return
    call.kwargs = {name: kwargs[name] for name in READ_LATER if name in kwargs}
    call.succeeded = succeeded
    call.response = response
    if not succeeded:
        call.error = kwargs.get("exception") or response
    cost = kwargs.get("response_cost")
    call.cost = float(cost) if isinstance(cost, (int, float)) and 0 <= cost < math.inf else None
    call.ended = max(call.started, _on_our_clock(heard_by, end, time.perf_counter()))


def _on_our_clock(recorder: Recorder, moment: Any, otherwise: float) -> float:
    try:
        return recorder.began + (float(moment.timestamp()) - recorder.began_clock)
    except (AttributeError, OSError, ValueError, TypeError):
        return otherwise


def labels_of(kwargs: Mapping[str, Any]) -> Labels:
    """Labels from litellm's metadata, under our names and the common spellings."""
    sources = _metadata(kwargs)
    session = (kwargs.get("litellm_params") or {}).get("litellm_session_id")
    if session:
        sources.append({"litellm_session_id": session})
    return stated_labels(sources) if sources else NO_LABELS
