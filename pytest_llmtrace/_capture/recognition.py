"""A request that is on the tape value for value, told without redacting it or writing it in canonical form.

That is nearly every request of a replay. What the tape holds is redacted already, so a request that equals it needs no
redaction either, and can share its parts: a history of T turns is held once, not T times (docs/design/0032).
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from pytest_llmtrace._model.body_digests import LARGEST, body_digest
from pytest_llmtrace._model.canonical import parse_json, written_value
from pytest_llmtrace._model.http import HeldJson, HttpRequest, Interaction, held_body
from pytest_llmtrace._model.matching import matching_host, matching_query, request_key
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.spelling import Spelling


def read(raw: HttpRequest, redactor: Redactor, known: Recognition | None) -> tuple[HttpRequest, str]:
    """A request as a file may hold it, and its key.

    Args:
        raw: The request as it was sent.
        redactor: What removes secrets.
        known: What is on the tape, where that alone may answer.
    """
    if known is not None:
        head = redactor.head(raw)
        found = known.of(head, raw.body)
        if found is not None:
            return _with_head(found.request, head), found.key
    request = redactor.request(raw)
    return request, request_key(request)


def _with_head(recorded: HttpRequest, head: HttpRequest) -> HttpRequest:
    """A recorded request, with the head of the one that was sent: nearly always the same."""
    if recorded.headers == head.headers and recorded.url == head.url and recorded.method == head.method:
        return recorded
    return HttpRequest(method=head.method, url=head.url, headers=head.headers, body=held_body(recorded))


class Recognition:
    """The requests of a tape whose bodies are JSON, found by what they end with. Safe to use from threads."""

    def __init__(self, interactions: Sequence[Interaction], asked: Sequence[str | None] = ()) -> None:
        """Nothing is read before the first request is looked for.

        Args:
            interactions: what is on the tape.
            asked: digests of the bodies of its first requests, as clients send them; `None` where one is not known.
        """
        self._interactions = interactions
        self._asked = asked
        self._next = 0
        """Behind the one that was found last: most replays ask in the order in which they were recorded."""
        self._spelling = Spelling()
        self._last: tuple[HttpRequest, bytes] | None = None
        """The request that was found last by its digest, and what was sent, until one is too large for that."""
        self._by_digest: dict[str, list[int]] | None = None
        self._by_sketch: dict[object, list[int]] | None = None
        self._lock = threading.Lock()

    def of(self, head: HttpRequest, body: bytes) -> Interaction | None:
        """An interaction with the same place and the same value as its body; `None`: look for it by its key.

        Args:
            head: the request as a file may hold it; its body is not looked at.
            body: the body as it was sent.
        """
        position = self._digested(head, body)
        if position is None and self._is_spelled(self._next, head, body):
            position = self._next
        if position is None:
            position = self._equal(head, body)
        if position is None:
            return None
        self._next = position + 1
        return self._interactions[position]

    def _digested(self, head: HttpRequest, body: bytes) -> int | None:
        """The position for which a client sends these very bytes, by their digest: the next one where it is one."""
        if not self._asked or len(body) > LARGEST:
            return None
        digest, position = body_digest(body), self._next
        if position < len(self._asked) and self._asked[position] == digest and self._is_at(position, head):
            self._last = self._interactions[position].request, body
            return position
        if self._by_digest is None:
            found: dict[str, list[int]] = {}
            for place, one in enumerate(self._asked[: len(self._interactions)]):
                if one is not None:
                    found.setdefault(one, []).append(place)
            self._by_digest = found
        return next((place for place in self._by_digest.get(digest, ()) if self._is_at(place, head)), None)

    def _is_at(self, position: int, head: HttpRequest) -> bool:
        """Whether a position of the tape has the place of a request."""
        if position >= len(self._interactions):
            return False
        recorded = self._interactions[position].request
        return recorded.method == head.method and (
            recorded.url == head.url or _of_url(recorded.url) == _of_url(head.url)
        )

    def _is_spelled(self, position: int, head: HttpRequest, body: bytes) -> bool:
        """Whether the client would have sent these very bytes for this position: nothing need be parsed."""
        if not self._is_at(position, head):
            return False
        last, self._last = self._last, None
        if last is not None:
            self._spelling.found(_object(last[0]) or {}, last[1])
        value = _object(self._interactions[position].request)
        return value is not None and self._spelling.is_of(value, body)

    def _equal(self, head: HttpRequest, body: bytes) -> int | None:
        """The first position with the same value, however it is spelled and wherever it stands."""
        place = _place(head)
        value = parse_json(body)
        if not isinstance(value, dict) or (written := written_value(value)) is None:
            return None
        for position in self._found().get((place, _sketch(value)), ()):
            held = _object(self._interactions[position].request)
            if held is not None and written_value(held) == written:
                return position
        return None

    def _found(self) -> dict[object, list[int]]:
        with self._lock:
            if self._by_sketch is None:
                self._by_sketch = {}
                for position, one in enumerate(self._interactions):
                    held = _object(one.request)
                    if held is not None:
                        self._by_sketch.setdefault((_place(one.request), _sketch(held)), []).append(position)
            return self._by_sketch


def _object(request: HttpRequest) -> dict[str, Any] | None:
    """The body of a recorded request, where it is a JSON object."""
    held = held_body(request)
    return held.value if isinstance(held, HeldJson) and isinstance(held.value, dict) else None


def _place(request: HttpRequest) -> tuple[str, str]:
    return request.method.upper(), _of_url(request.url)


@functools.lru_cache(maxsize=256)
def _of_url(url: str) -> str:
    """As `matching.request_key` has it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{matching_host(url)}{parts.path}?{matching_query(url)}"


def _sketch(value: dict[str, Any]) -> object:
    """What few requests have in common: how long their lists are, and what these end with."""
    ends = [
        (name, len(part), written_value(part[-1])) for name, part in value.items() if isinstance(part, list) and part
    ]
    return tuple(ends) or written_value(value)
