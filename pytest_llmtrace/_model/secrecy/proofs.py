"""What a request proves itself with: secret wherever else it stands, in the request and in its answer."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.http import Headers, HttpRequest
from pytest_llmtrace._model.key_shapes import PLACEHOLDER
from pytest_llmtrace._model.secrecy import base64_runs
from pytest_llmtrace._model.secrecy.places import NAMES


def credentials(request: HttpRequest) -> tuple[str, ...]:
    """What a request proves itself with: wherever else that stands in it, it is secret there too."""
    return _credentials(request.headers, request.url.partition("?")[2].partition("#")[0])


def real_keys(request: HttpRequest) -> tuple[str, ...]:
    """Credentials that are like real ones: what stands for a key ("lm-studio") may occur in any answer."""
    return like_keys(credentials(request))


@functools.lru_cache(maxsize=64)
def lasting_keys(found: tuple[str, ...]) -> tuple[str, ...]:
    """Of credentials, the real keys that prove more than this request, and are secret in all that follows.

    A signature of AWS does not.
    """
    return tuple([one for one in like_keys(found) if not one.startswith(_SIGNATURE)])


@functools.lru_cache(maxsize=64)
def like_keys(found: tuple[str, ...]) -> tuple[str, ...]:
    """Of credentials, those that are like real keys; those of one client are the same."""
    return tuple([one for one in found if is_like_a_key(one)])


def is_like_a_key(text: str) -> bool:
    """Whether it is no word that stands for a key: long, and with a digit."""
    return len(text) >= _SHORTEST_KEY and any(letter.isdigit() for letter in text)


@functools.lru_cache(maxsize=64)
def _credentials(headers: Headers, query: str) -> tuple[str, ...]:
    """Asked twice of every request; those of one client have the same headers."""
    found: dict[str, None] = {}
    for name, value in headers:
        if name.lower() in _PROOFS or _PROOF.search(name):
            found |= dict.fromkeys(_values(name.lower(), value))
    found |= dict.fromkeys(value for name, value in parse_qsl(query) if SECRET_PARAMETER.match(name))
    return tuple(one for one in found if len(one) >= _SHORTEST_SECRET and one != PLACEHOLDER)


def _values(name: str, value: str) -> Iterator[str]:
    """What is secret of a header: of basic authentication the password, of cookies each."""
    if name == "cookie":
        yield value
        yield from (one for pair in value.split(";") if is_like_a_key(one := pair.partition("=")[2].strip()))
        return
    scheme, _, rest = value.rpartition(" ")
    yield rest
    if scheme.lower() == "basic":
        yield (base64_runs.decoded(rest) or "").partition(":")[2]


SECRET_PARAMETER: Final = expression(
    rf"^(?:{NAMES}|key|token|auth|sig|signature|code|x-amz-(?:signature|credential|security-token)"
    r"|x-goog-(?:signature|credential))$",
    re.IGNORECASE,
)
"""Parameters of a URL whose value is secret."""
_PROOFS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_PROOF: Final = re.compile(r"(?<!idempotency)[-_](?:key|token|secret|password|auth|authorization)$", re.IGNORECASE)
"""Names of headers that hold what a request proves itself with: ``x-api-key``, ``x-amz-security-token``."""
_SIGNATURE: Final = "Signature="
"""How the last part of an `Authorization` of AWS begins: each request has another one, good for nothing else."""
_SHORTEST_SECRET: Final = 8
_SHORTEST_KEY: Final = 16
