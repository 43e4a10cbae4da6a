"""How far an application reads a streamed answer: one that stops early has abandoned it.

The stub reads an answer whole before the client sees it, and would hand it over in one piece. Here a stream of httpx
is handed over event by event instead, as a provider sends it, and the events that were asked for are counted.
"""

from __future__ import annotations

import functools
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any, Final

from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._model.content import decoded
from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.http import Headers, HttpResponse


def watch(answer: Any, sent: tuple[Recorder, Exchange] | None) -> Any:
    """The answer as a client library gets it; where it is a stream of httpx, its events are counted.

    Args:
        answer: What the stub gives the library.
        sent: Who recorded the request, and its exchange; `None`: nobody did.
    """
    if sent is None:
        return answer
    recorder, exchange = sent
    try:
        recorded = exchange.given or exchange.response
        if recorded is not None and not _is_stream(recorded.headers):
            return answer  # known without asking the answer itself, which takes long
        return _watched(answer, exchange)
    except Exception as error:  # noqa: BLE001  # a bug of ours: the application gets its answer
        recorder.faults.note("a streamed answer could not be watched", error)
        return answer


@functools.lru_cache(maxsize=256)
def _is_stream(headers: Headers) -> bool:
    """Whether the headers of an answer, as a file holds them, say that it is one."""
    return any(_STREAMS.match(value) for name, value in headers if name.lower() == "content-type")


def _watched(answer: Any, exchange: Exchange) -> Any:
    stream: Any = getattr(answer, "stream", None)
    headers: Any = getattr(answer, "headers", {})
    if type(stream).__name__ != "ByteStream" or not _STREAMS.match(headers.get("content-type", "")):
        return answer
    kind: Any = type(stream)
    body = b"".join(stream)
    plain = decoded(body, headers.get("content-encoding", ""))
    if plain is not body:
        for name in ("content-encoding", "content-length"):
            headers.pop(name, None)
    exchange.events_read = 0
    answer.stream = _watched_class(kind)(plain, exchange)
    return answer


def as_read(response: HttpResponse, events: int) -> HttpResponse:
    """The part of a streamed answer that so many events make."""
    pieces = list(_pieces(response.body))
    return replace(response, body=b"".join(pieces[:events])) if events < len(pieces) else response


@functools.cache
def _watched_class(base: Any) -> type[Any]:
    class Watched(base):  # type: ignore[misc]
        """A stream that notes how many of its events were asked for."""

        def __init__(self, body: bytes, exchange: Exchange) -> None:
            super().__init__(body)
            self._body = body
            self._exchange = exchange

        def __iter__(self) -> Iterator[bytes]:
            for number, piece in enumerate(_pieces(self._body), start=1):
                self._exchange.events_read = number
                yield piece

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in self:
                yield piece

    return Watched


def _pieces(body: bytes) -> Iterator[bytes]:
    """The events of a stream with their ends; lines, where no blank line parts them."""
    ends = _EVENT_END if _EVENT_END.search(body) else _LINE_END
    start = 0
    for end in ends.finditer(body):
        yield body[start : end.end()]
        start = end.end()
    if start < len(body):
        yield body[start:]


_STREAMS: Final = expression(r"text/event-stream|application/(?:x-ndjson|stream\+json|jsonl)", re.IGNORECASE)
_EVENT_END: Final = expression(rb"\r?\n\r?\n")
_LINE_END: Final = expression(rb"\n")
