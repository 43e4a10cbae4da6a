"""The features that a request switches on in its headers: they change the answer, and the body does not show them."""

from __future__ import annotations

from typing import Final

from pytest_llmtrace._model.http import HttpRequest


def flags(request: HttpRequest) -> tuple[str, ...]:
    """The beta features that a request asks for, sorted."""
    values = (request.header(name) or "" for name in _HEADERS)
    return tuple(sorted({flag.strip() for value in values for flag in value.split(",")} - {""}))


def same_flags(recorded: HttpRequest, request: HttpRequest) -> bool:
    """Whether a request asks for the features with which it was recorded.

    Of a cassette that was recorded without headers (another tool's, filtered) nothing is known, and so all agrees.
    """
    known = any(recorded.header(name) is not None for name in (*_HEADERS, _ALWAYS_SENT))
    return not known or flags(recorded) == flags(request)


_HEADERS: Final = ("anthropic-beta", "openai-beta")
_ALWAYS_SENT: Final = "anthropic-version"
"""Where it was kept, the absence of the others says something."""
