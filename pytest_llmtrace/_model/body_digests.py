"""Digests of the bodies of recorded requests, as clients send them: who sends the same is known without reading it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from pytest_llmtrace._model.http import HeldJson, HttpRequest, ReadJson, held_body, read_json
from pytest_llmtrace._model.spelling import Spelling

LARGEST: Final = 16 * 1024
"""Bytes of a body up to which its digest takes less time than holding what is new in it against the tape."""
_MOST: Final = 32
"""Items of a list in a body of that size: the history of a long conversation is not written once for each request."""
_DIGITS: Final = 32


def body_digest(body: bytes) -> str:
    """32 hexadecimal digits. Processors have SHA-256 built in: it takes half as long as `canonical.digest`."""
    return hashlib.sha256(body).hexdigest()[:_DIGITS]


def digests_of(requests: Sequence[HttpRequest]) -> list[str | None]:
    """Of requests as they stand on a tape, sent by httpx, and so by most SDKs; `None` for what is long, or no JSON.

    Nothing is said of the bytes that were sent, from which something may have been removed.
    """
    found = [_digest_of(one) for one in requests]
    while found and found[-1] is None:
        found.pop()
    return found


def are_of(digests: Sequence[str | None], requests: Sequence[HttpRequest]) -> bool:
    """Whether digests are those of these requests; some may be missing."""
    if len(digests) > len(requests):
        return False
    pairs = [(digest, one) for digest, one in zip(digests, requests, strict=False) if digest is not None]
    return all(digest == _digest_of(one, most=None, largest=None) for digest, one in pairs)


def _digest_of(request: HttpRequest, most: int | None = _MOST, largest: int | None = LARGEST) -> str | None:
    held = held_body(request)
    held = held if isinstance(held, HeldJson) else read_json(bytes(held))
    value = held.value if isinstance(held, HeldJson) else None
    if not isinstance(value, dict):
        return None
    if most is not None and any(isinstance(part, list) and len(part) > most for part in value.values()):
        return None
    written = bytes(held) if isinstance(held, ReadJson) and held.is_spelled else Spelling().of(value)
    return None if written is None or (largest is not None and len(written) > largest) else body_digest(written)
