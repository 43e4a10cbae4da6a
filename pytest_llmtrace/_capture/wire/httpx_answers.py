"""Recorded answers as httpx takes them: open, as those that come from the network, and read in one step.

httpx reads an answer through decoders, chunkers and generators: forty calls of functions, also where all of it is there
already. What is left in an answer then is the same here. The only module that touches the private names in which httpx
keeps it.
"""

from __future__ import annotations

import functools
from typing import Any

from pytest_llmtrace._capture.wire.sendable import sendable, without_length
from pytest_llmtrace._model.http import Headers, HttpResponse


def answer_of(httpx: Any, recorded: HttpResponse, *, reason: str, request: Any = None) -> Any:
    """A response of `httpx` (or httpx2) from ours.

    Args:
        httpx: The library.
        recorded: Our response.
        reason: The words for its status; none: httpx knows some.
        request: What it answers, where the client does not say so itself.
    """
    body = recorded.body
    kind, headers, extensions = _frame(httpx, recorded.headers, reason)
    made = kind(recorded.status, headers=headers, stream=httpx.ByteStream(body), extensions=extensions, request=request)
    made.headers["content-length"] = str(len(body))
    made.headers.encoding = "ascii"  # what is sendable is; httpx would decode them all to see
    return made


@functools.lru_cache(maxsize=64)
def _frame(httpx: Any, headers: Headers, reason: str) -> tuple[Any, Any, dict[str, bytes]]:
    """What answers have in common: their class, all headers but the length, and the reason, which httpx copies."""
    said = {"reason_phrase": sendable(reason).encode("ascii")} if reason else {}
    sent = httpx.Headers(without_length(headers))
    return httpx.Response if "content-encoding" in sent else _class(httpx), sent, said


@functools.lru_cache(maxsize=8)
def _class(httpx: Any) -> Any:
    """A class of responses that are read in one step; that of httpx where it would leave anything else in them."""

    class Response(httpx.Response):  # type: ignore[misc]
        """An answer that nobody has read yet; once it is read, it is one of httpx and nothing else."""

        is_stream_consumed: bool

        def read(self) -> bytes:
            if self.is_closed or self.is_stream_consumed or not isinstance(self.stream, httpx.SyncByteStream):
                return bytes(super().read())
            self.is_stream_consumed = True
            body = b"".join(self.stream)
            self.close()
            return _was_read(self, body, httpx.Response)

        async def aread(self) -> bytes:
            if self.is_closed or self.is_stream_consumed or not isinstance(self.stream, httpx.AsyncByteStream):
                return bytes(await super().aread())
            self.is_stream_consumed = True
            body = b"".join([part async for part in self.stream])
            await self.aclose()
            return _was_read(self, body, httpx.Response)

    return Response if _left(httpx, Response) == _left(httpx, httpx.Response) else httpx.Response


def _was_read(response: Any, body: bytes, kind: Any) -> bytes:
    response._content, response._num_bytes_downloaded = body, len(body)  # noqa: SLF001
    response.__class__ = kind
    return body


def _left(httpx: Any, kind: Any) -> dict[str, Any]:
    """What is in a response of this class when it was read."""
    made = kind(200, headers={"content-type": "a/b"}, stream=httpx.ByteStream(b"{}"))
    made.read()
    return {name: value for name, value in vars(made).items() if name not in _OF_READING}


_OF_READING = frozenset({"stream", "_decoder"})
"""What reading takes, and nobody asks for afterwards."""
