"""Digests of the bodies of recorded requests, as clients send them: who sends the same is known without reading it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Any, Final

from pytest_llmtrace._model.http import HeldJson, HttpRequest, ReadJson, held_body, read_json
from pytest_llmtrace._model.spelling import Spelling

LARGEST: Final = 16 * 1024
"""Bytes of a body up to which its digest takes less time than holding what is new in it against the tape."""
_MOST: Final = 32
"""Items of a list in a body of that size: the history of a long conversation is not written once for each request."""
_MOST_AS_LONG: Final = 8
"""One spelling is never this many times as long as another."""
_DIGITS: Final = 32


def body_digest(body: bytes) -> str:
    """32 hexadecimal digits. Processors have SHA-256 built in: it takes half as long as `canonical.digest`."""
    return hashlib.sha256(body).hexdigest()[:_DIGITS]


def with_digest(body: ReadJson | None, sent: bytes) -> ReadJson | None:
    """The body, which knows its digest: its bytes are there now, and would have to be made again for it."""
    if body is not None and len(sent) <= LARGEST:
        body.digest_as_sent = body_digest(sent)
    return body


def digests_of(requests: Sequence[HttpRequest], known: Collection[str | None] = ()) -> list[str | None]:
    """Of requests as a tape holds them, in the spelling of their client; `None` for what is long, or no JSON object.

    Where that is neither httpx's nor `json.dumps`'s, or not known any more, it is httpx's. Nothing is said of what
    was removed before.

    Args:
        requests: in the order of the tape.
        known: digests of earlier recordings. One that is of a request which comes from there says how that was spelled.
    """
    found = [_digest_of(one, known) for one in requests]
    while found and found[-1] is None:
        found.pop()
    return found


def are_of(digests: Sequence[str | None], requests: Sequence[HttpRequest]) -> bool:
    """Whether digests are those of these requests, in either spelling; some may be missing."""
    if len(digests) > len(requests):
        return False
    pairs = [(digest, one) for digest, one in zip(digests, requests, strict=False) if digest is not None]
    return all(digest in map(body_digest, _spellings(_value_of(one))) for digest, one in pairs)


def _digest_of(request: HttpRequest, known: Collection[str | None]) -> str | None:
    value, held = _value_of(request), held_body(request)
    if value is None or any(map(_MOST.__lt__, [len(part) for part in value.values() if type(part) is list])):
        return None
    if isinstance(held, ReadJson) and held.digest_as_sent is not None:
        return held.digest_as_sent
    body = bytes(held)
    if len(body) > _MOST_AS_LONG * LARGEST:
        return None
    if not isinstance(held, ReadJson):
        body = _as_before(value, body, known)
    elif not held.is_spelled:
        spellings = _spellings(value)
        body = body if body in spellings else next(iter(spellings), b"")
    return body_digest(body) if 0 < len(body) <= LARGEST else None


def _as_before(value: dict[str, Any], body: bytes, known: Collection[str | None]) -> bytes:
    """The spelling of a request that may come from a tape: nothing, where that has no digest of the longer one."""
    spellings = _spellings(value)
    earlier = next((one for one in spellings if body_digest(one) in known), None)
    if earlier is not None:
        return earlier
    if any(len(one) > LARGEST for one in spellings):
        return b""
    return body if body in spellings else next(iter(spellings), b"")


def _value_of(request: HttpRequest) -> dict[str, Any] | None:
    """The body, where it is a JSON object."""
    held = held_body(request)
    held = held if isinstance(held, HeldJson) else read_json(bytes(held))
    return held.value if isinstance(held, HeldJson) and isinstance(held.value, dict) else None


def _spellings(value: dict[str, Any] | None) -> list[bytes]:
    """How clients spell it: httpx without spaces, `json.dumps` with some, and in ASCII alone."""
    spelled = Spelling().of(value) if value is not None else None
    return [] if spelled is None else [spelled, json.dumps(value).encode()]
