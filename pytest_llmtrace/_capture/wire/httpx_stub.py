"""The stub of httpx and httpx2, our own: through them go nearly all calls of models.

vcrpy patches the transports and calls `send` and `send_async`. Its own functions make a request and a response of
vcrpy's on the way, twenty headers each time, which costs more than all that a replay decides.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any, Final

from pytest_llmtrace._capture.wire.httpx_answers import answer_of
from pytest_llmtrace._capture.wire.stubbed import stubbing
from pytest_llmtrace._capture.wire.switchboard import Opened, Switchboard
from pytest_llmtrace._model.canonical import written_value
from pytest_llmtrace._model.content import decoded
from pytest_llmtrace._model.http import Headers, HttpRequest, HttpResponse


def send(switchboard: Switchboard, real: Callable[..., Any], transport: Any, request: Any, httpx: Any) -> Any:
    """The answer to a request of `httpx` (or httpx2), from the tape or from the real transport."""
    body = b"".join(request.stream)
    if type(request.stream) is not httpx.ByteStream:
        request.stream = httpx.ByteStream(body)  # reading it may have used it up
    opened = switchboard.open(functools.partial(request_of, request, body))
    if opened is not None and opened[1].replayed:
        return switchboard.answer(opened, functools.partial(_given, httpx))
    keep = functools.partial(_keep, switchboard, opened)
    return _live(lambda: real(transport, request), httpx, keep)


async def send_async(
    switchboard: Switchboard, real: Callable[..., Any], transport: Any, request: Any, httpx: Any
) -> Any:
    """The same for asynchronous clients."""
    if type(request.stream) is httpx.ByteStream:
        body = b"".join(request.stream)
    else:
        body = b"".join([part async for part in request.stream])
        request.stream = httpx.ByteStream(body)
    opened = switchboard.open(functools.partial(request_of, request, body))
    if opened is not None and opened[1].replayed:
        return switchboard.answer(opened, functools.partial(_given, httpx))
    keep = functools.partial(_keep, switchboard, opened)
    return await _live_async(lambda: real(transport, request), httpx, keep)


@stubbing
def _live(ask: Callable[[], Any], httpx: Any, keep: Callable[[Any, bytes], None]) -> Any:
    """The provider's answer, read to its end, and handed on as it came."""
    response = ask()
    try:
        body = b"".join(response.stream)
    except BaseException:
        with contextlib.suppress(Exception):  # the client has not got it, and cannot close it
            response.stream.close()
        raise
    response.stream.close()  # gives the connection back
    response.stream = httpx.ByteStream(body)
    keep(response, body)
    return response


@stubbing
async def _live_async(ask: Callable[[], Any], httpx: Any, keep: Callable[[Any, bytes], None]) -> Any:
    response = await ask()
    try:
        body = b"".join([part async for part in response.stream])
    except BaseException:
        with contextlib.suppress(Exception):
            await response.stream.aclose()
        raise
    await response.stream.aclose()
    response.stream = httpx.ByteStream(body)
    keep(response, body)
    return response


def _keep(switchboard: Switchboard, opened: Opened | None, response: Any, body: bytes) -> None:
    switchboard.answered(opened, lambda: response_of(response, body))


def request_of(request: Any, body: bytes) -> HttpRequest:
    """Our request from httpx's."""
    raw: list[tuple[bytes, bytes]] = request.headers.raw
    if raw and raw[-1][0] in _OWN:  # where httpx puts it
        del raw[-1]
    written = written_value(raw)
    last, headers = _LAST[0]
    if written is None or written != last:
        headers = _headers(tuple([pair for pair in raw if pair[0] not in _OWN]))
        _LAST[0] = written, headers
    return HttpRequest(method=request.method.upper(), url=str(request.url), headers=headers, body=body)


_LAST: Final[list[tuple[bytes | None, Headers]]] = [(None, ())]
"""The headers of the last request, as httpx has them, in one piece, and as we do: nearly always, the next one has the
same."""
_OWN: Final = frozenset({b"Content-Length", b"content-length"})
"""What alone differs from request to request, and says nothing that the body does not."""


@functools.lru_cache(maxsize=64)
def _headers(raw: tuple[tuple[bytes, bytes], ...]) -> Headers:
    """The headers of a client: as good as all of its requests have the same, and so they are one object.

    Read as httpx reads them, which finds out for each request anew what they are written in.
    """
    found: dict[str, str] = {}
    encoding = next(one for one in _ENCODINGS if _is_in(one, raw))
    for name, value in raw:
        key, text = name.decode(encoding).lower(), value.decode(encoding)
        found[key] = f"{found[key]}, {text}" if key in found else text
    return tuple(found.items())


def _is_in(encoding: str, raw: tuple[tuple[bytes, bytes], ...]) -> bool:
    try:
        b"".join([part for pair in raw for part in pair]).decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


_ENCODINGS: Final = ("ascii", "utf-8", "iso-8859-1")
"""In the order in which httpx tries them; in the last one every byte is a letter."""


def response_of(response: Any, body: bytes) -> HttpResponse:
    """Our response from httpx's, its content encoding undone."""
    headers = tuple((name.lower(), value) for name, value in response.headers.multi_items())
    encoding = next((value for name, value in headers if name == "content-encoding"), "")
    return HttpResponse(
        status=response.status_code, reason=response.reason_phrase, headers=headers, body=decoded(body, encoding)
    )


def _given(httpx: Any, recorded: HttpResponse) -> Any:
    return answer_of(httpx, recorded, reason=recorded.reason)
