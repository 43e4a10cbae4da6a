"""litellm's own record of a call, which is not made where nobody would read it.

After each call litellm makes a record of it for its callbacks, in a thread or in its queue: a tenth of what a replayed
call costs. Of what it says we read when the call ended and what it cost, both of which stand on the response already.
So where the tape has answered and only we are in litellm's lists, that is taken from there, and nothing is made.
See docs/design/0047. The only module that touches these private names of litellm; a litellm without them makes all.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from pytest_llmtrace._capture.faults import stray
from pytest_llmtrace._capture.from_litellm.mark import marked_call

if TYPE_CHECKING:
    from pytest_llmtrace._capture.from_litellm.call import LitellmCall

MODULE: Final = "litellm.litellm_core_utils.litellm_logging"
RECORD: Final = "Logging"
"""The class of litellm's records."""
MAKE: Final = "success_handler"
MAKE_LATER: Final = "async_success_handler"
"""What makes one of a call that succeeded, and tells callbacks; the second is a coroutine."""

LISTS: Final = ("callbacks", "input_callback", "success_callback", "_async_success_callback")
"""Who may hear of a call: of litellm."""
OWN_LISTS: Final = ("dynamic_input_callbacks", "dynamic_success_callbacks", "dynamic_async_success_callbacks")
"""And of a record, whose call brought callbacks of its own."""
MORE: Final = ("stream", "logger_fn", "finalized_cost", "_failed_attempts_owed_on_success", "baseline_cache_context")
"""What a record has where there is more to be told of its call, or its cost is not what stands on the response."""
_SWITCHES: Final = ("max_budget", "set_verbose")
"""What of litellm makes it add up what is spent, and print what it does."""
PRINTS: Final = "LITELLM_PRINT_STANDARD_LOGGING_PAYLOAD"
"""The variable that makes litellm print its records."""
_CHATS: Final = frozenset({"completion", "acompletion"})
_UNKNOWN: Final = object()

Ended = Callable[[dict[str, Any], Any, Any, Any], None]
"""Told of the end of a call: litellm's `kwargs`, its response, when it began and ended."""


class UnreadRecords:
    """Keeps litellm from making them, until it is detached."""

    def __init__(self, ended: Ended) -> None:
        """Args: ended: what is told in place of our callback."""
        self._ended = ended
        self._ours: object = None
        self._replaced: dict[str, tuple[Any, Any]] = {}
        self.attached = False
        """Whether there is nothing left to attach to."""

    def attach(self, ours: object) -> None:
        """Look at each record from now on, where litellm has the class. Args: ours: our callback in litellm's lists."""
        kind = getattr(sys.modules.get(MODULE), RECORD, None)
        if kind is None or self.attached:
            return
        self._ours, self.attached = ours, True
        make, make_later = vars(kind).get(MAKE), vars(kind).get(MAKE_LATER)
        if not (_is_own(make) and _is_own(make_later)):
            return
        for name, original, put in ((MAKE, make, self._making), (MAKE_LATER, make_later, self._making_later)):
            made = put(original)
            self._replaced[name] = (original, made)
            setattr(kind, name, made)

    def detach(self) -> None:
        """Let litellm make all of them again, unless somebody else stands in its place by now."""
        kind = getattr(sys.modules.get(MODULE), RECORD, None)
        for name, (original, made) in self._replaced.items():
            if vars(kind).get(name) is made:
                setattr(kind, name, original)
        self._replaced.clear()
        self._ours = None

    def _making(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def make(
            record: Any, result: Any = None, start_time: Any = None, end_time: Any = None, *more: Any, **rest: Any
        ) -> Any:
            if more or rest or not self._is_told(record, result, start_time, end_time, MAKE):
                return original(record, result, start_time, end_time, *more, **rest)
            return None

        return make

    def _making_later(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def make(
            record: Any, result: Any = None, start_time: Any = None, end_time: Any = None, *more: Any, **rest: Any
        ) -> Any:
            if more or rest or not self._is_told(record, result, start_time, end_time, MAKE_LATER):
                return await original(record, result, start_time, end_time, *more, **rest)
            return None

        return make

    def _is_told(self, record: Any, result: Any, start: Any, end: Any, name: str) -> bool:
        """Take in the end of a call whose record nobody would read. Returns whether this is one."""
        try:
            return self._told(record, result, start, end, name)
        except Exception as error:  # noqa: BLE001  # litellm would keep a bug here to itself
            stray.note("what litellm says of a call could not be looked at", error)
            return False

    def _told(self, record: Any, result: Any, start: Any, end: Any, name: str) -> bool:
        details, cost = getattr(record, "model_call_details", None), _cost_on(result)
        if cost is None or end is None or not isinstance(details, dict) or name not in self._replaced:
            return False
        call, parameters = marked_call(details), details.get("litellm_params")
        if call is None or not isinstance(parameters, dict) or not _was_played(call):
            return False
        if details.get("cache_hit") or parameters.get("no-log") or self._is_heard(record):
            return False
        details["response_cost"] = cost
        metadata = parameters.get("metadata")
        if isinstance(metadata, dict):  # of the application, maybe: it finds there what it would find
            metadata["hidden_params"] = result._hidden_params  # noqa: SLF001  # see the docstring of this module
        self._ended(details, result, start, end)
        return True

    def _is_heard(self, record: Any) -> bool:
        """Whether anybody but us would hear of a call, or there is more to it than a cost."""
        litellm = sys.modules["litellm"]
        return (
            getattr(record, "call_type", None) not in _CHATS
            or _has_any(record, MORE)
            or not (self._alone_in(litellm, LISTS) and self._alone_in(record, OWN_LISTS))
            or _has_any(litellm, _SWITCHES)
            or _log().isEnabledFor(logging.DEBUG)
            or bool(os.environ.get(PRINTS))
        )

    def _alone_in(self, owner: object, names: tuple[str, ...]) -> bool:
        """Whether there is nobody but us in these lists; an owner that has no such list may have another one."""
        for name in names:
            callbacks = getattr(owner, name, _UNKNOWN)
            if callbacks and not (type(callbacks) is list and len(callbacks) == 1 and callbacks[0] is self._ours):
                return False
        return True


@functools.cache
def _log() -> logging.Logger:
    """The one of litellm. Made where litellm is: pytest looks at each logger of a process six times in each test."""
    return logging.getLogger("LiteLLM")


def _has_any(owner: object, names: tuple[str, ...]) -> bool:
    for name in names:  # noqa: SIM110  # after every call: a generator costs more than the question
        if getattr(owner, name, None):
            return True
    return False


def _is_own(function: Any) -> bool:
    """Whether it is litellm's, and not what a test or an instrumentation has put in its place."""
    return type(function) is FunctionType and function.__module__ == MODULE


def _cost_on(result: Any) -> float | None:
    """The cost that litellm has noted on a response; `None` where it would still be found out, or is none."""
    said = getattr(result, "_hidden_params", None)
    cost = said.get("response_cost") if isinstance(said, dict) else None
    return cost if isinstance(cost, float) and cost > 0 else None


def _was_played(call: LitellmCall) -> bool:
    """Whether the tape has answered a call, which has not ended yet."""
    recorder = call.heard_by()
    if recorder is None or recorder.wire != "tape" or call.local or call.ended is not None:
        return False
    made = next((one for one in reversed(recorder.exchanges) if one.context is call), None)
    return made is not None and made.source == "tape" and made.response is not None
