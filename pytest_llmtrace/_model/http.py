"""HTTP as it is captured, kept on a tape, and answered from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Headers = tuple[tuple[str, str], ...]
"""Header names (lower case) and values, in the order in which they came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as the client sent it, body decoded to bytes."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return _first(self.headers, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response with its content encoding undone: `body` is what the application reads."""

    status: int
    reason: str = ""
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return _first(self.headers, name)


Phase = Literal["call", "teardown"]
"""When in its owner's life a request was made: until the judgement, or after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One request with its answer, as a tape holds it: redacted."""

    request: HttpRequest
    response: HttpResponse
    key: str
    """What a request must have in common with this one to get this answer (see `_model.matching`)."""
    phase: Phase = "call"


def _first(headers: Headers, name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
