"""Requests that ended without an answer, on the tape: a timeout or a refused connection replays as itself.

An application that handles such a failure must be able to do so in replay. The tape holds a response with status 0,
the exception's class as reason and its text as body; replay raises it again. A request that the application itself
gave up (an asyncio cancellation) gets no answer in replay either: it waits to be given up again.
"""

from __future__ import annotations

import functools
import sys
from typing import Any, Final

from pytest_llmtrace._model.http import HttpResponse

STATUS: Final = 0
"""What stands for the status of a request that got no answer."""

GIVEN_UP: Final = "llmtrace-given-up"
"""The header by which a tape tells a call that nobody waited for from one that was given up alone: a timeout must come
again. See `overtaken`."""
OVERTAKEN: Final = (GIVEN_UP, "overtaken")
UNFINISHED: Final = (GIVEN_UP, "unfinished")

LEFT: Final = HttpResponse(status=STATUS, reason="asyncio.exceptions.CancelledError", headers=(UNFINISHED,))
"""How a call that is still under way when its cassette is written stands on the tape."""

_LIBRARIES: Final = frozenset(
    {"aiohttp", "asyncio", "botocore", "builtins", "http", "httpcore", "httpx", "httpx2", "requests", "socket", "ssl"}
    | {"urllib", "urllib3"}
)
"""Top-level packages whose exceptions replay raises; a tape is untrusted, and names nothing else."""


class GivenUpError(Exception):
    """The application gave this request up while it was recorded: replay lets it wait to be given up again."""


def failure_of(error: BaseException) -> HttpResponse | None:
    """A transport failure as the tape holds it; `None` for what is no failure of the transport (Ctrl-C, our own)."""
    kind = type(error)
    if not isinstance(error, Exception) and kind.__name__ not in {"CancelledError", "Cancelled"}:
        return None
    return HttpResponse(
        status=STATUS, reason=f"{kind.__module__}.{kind.__qualname__}", body=str(error).encode("utf-8", "replace")
    )


def is_failure(response: HttpResponse | None) -> bool:
    """Whether a response stands for a transport failure."""
    return response is not None and response.status == STATUS


def is_cancellation(response: HttpResponse) -> bool:
    """Whether the application itself gave the request up."""
    return response.reason.rpartition(".")[2] in {"CancelledError", "Cancelled"}  # asyncio's, trio's


def exception_of(response: HttpResponse) -> Exception:
    """What a recorded failure was; a `ConnectionError` or `TimeoutError` where that exception cannot be made again."""
    text = response.body.decode("utf-8", "replace")
    if is_cancellation(response):
        return GivenUpError(text)
    kind = _exception_class(response.reason)
    if kind is not None:
        try:
            made: Exception = kind(text)
            str(made)  # aiohttp's and botocore's make their texts from what they were given
        except Exception:  # noqa: BLE001  # some need more than a text
            made = _with_text_alone(kind)(text)
        return made
    fallback = TimeoutError if "timeout" in response.reason.lower() else ConnectionError
    return fallback(text or response.reason)


@functools.cache
def _with_text_alone(kind: type[Exception]) -> Any:
    """A subclass, so that what catches the exception still does, of which nothing but a text is known."""

    class Replayed(kind):  # type: ignore[valid-type,misc]
        def __init__(self, text: str) -> None:
            Exception.__init__(self, text)

        def __str__(self) -> str:
            return str(Exception.__str__(self))

        def __getattr__(self, name: str) -> None:
            """An attribute that the class promises, and the tape does not hold."""
            if name.startswith("__"):
                raise AttributeError(name)

    Replayed.__name__, Replayed.__qualname__, Replayed.__module__ = kind.__name__, kind.__qualname__, kind.__module__
    return Replayed


def _exception_class(name: str) -> Any:
    module, _, qualname = name.rpartition(".")
    if module.partition(".")[0] not in _LIBRARIES:
        return None
    kind = getattr(sys.modules.get(module), qualname, None)
    return kind if isinstance(kind, type) and issubclass(kind, Exception) else None
