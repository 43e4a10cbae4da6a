"""The features that a request switches on in its headers: they change the answer, and the body does not show them."""

from __future__ import annotations

import functools
from typing import Final

from pytest_llmtrace._model.http import Headers, HttpRequest


def flags(request: HttpRequest) -> tuple[str, ...]:
    """The beta features that a request asks for, sorted."""
    return _read(request.headers)[1]


def same_flags(recorded: HttpRequest, request: HttpRequest) -> bool:
    """Whether a request asks for the features with which it was recorded.

    Of a cassette that was recorded without headers (another tool's, filtered) nothing is known, and so all agrees.
    """
    known, wanted = _read(recorded.headers)
    return not known or wanted == flags(request)


@functools.lru_cache(maxsize=256)
def _read(headers: Headers) -> tuple[bool, tuple[str, ...]]:
    """Whether headers tell anything of features, and which they ask for; those of a client's requests are the same."""
    found = {name.lower(): value for name, value in reversed(headers)}  # the first of a name counts
    values = [found.get(name, "") for name in _HEADERS]
    known = any(name in found for name in (*_HEADERS, _ALWAYS_SENT))
    return known, tuple(sorted({flag.strip() for value in values for flag in value.split(",")} - {""}))


_HEADERS: Final = ("anthropic-beta", "openai-beta")
_ALWAYS_SENT: Final = "anthropic-version"
"""Where it was kept, the absence of the others says something."""
