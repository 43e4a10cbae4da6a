"""Requests without their bodies as a file may hold them: all requests of a client have the same, made once."""

from __future__ import annotations

from typing import Final

from pytest_llmtrace._model.http import Headers, HttpRequest

Said = tuple[str, str, Headers, tuple[str, ...]]
"""Method, URL and kept headers as they were sent, and what the request proved itself with."""


class Heads:
    """Those that were made with one set of known secrets: whoever comes to know another one asks anew."""

    def __init__(self) -> None:
        self._made: dict[Said, HttpRequest] = {}
        self.last = LastHead()
        """Of a request that taught nothing: whoever knows the same learns nothing of it either."""

    def get(self, said: Said) -> HttpRequest | None:
        """What was made for that; `None`: nothing yet."""
        return self._made.get(said)

    def keep(self, said: Said, head: HttpRequest) -> None:
        """Remember it."""
        if len(self._made) >= _MOST:
            self._made.clear()
        self._made[said] = head


class LastHead:
    """That of the last request. Nearly always the next one has it too, which takes no time to see."""

    def __init__(self) -> None:
        self._last: tuple[HttpRequest, object, HttpRequest] | None = None

    def of(self, request: HttpRequest, environment: object) -> HttpRequest | None:
        """The head of a request that says what the last one said, where its headers are the very same object.

        Args:
            request: the request.
            environment: in which it is sent; in another one, more may be secret.
        """
        if self._last is None:
            return None
        asked, before, head = self._last
        same = (
            request.headers is asked.headers
            and environment is before
            and request.url == asked.url
            and request.method == asked.method
        )
        return head if same else None

    def note(self, request: HttpRequest, environment: object, head: HttpRequest) -> None:
        """Args: request: the last one; environment: in which it was sent; head: what was made of it."""
        self._last = HttpRequest(method=request.method, url=request.url, headers=request.headers), environment, head


_MOST: Final = 256
