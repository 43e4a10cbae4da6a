"""Which headers a file may hold: those that are named here, so that no unknown one can carry a secret."""

from __future__ import annotations

import functools
from typing import Final

from pytest_llmtrace._model.http import Headers

REQUEST_HEADERS: Final = frozenset({"accept", "anthropic-beta", "anthropic-version", "content-type", "openai-beta"})
"""Request headers that are kept; all others are dropped, so that no unknown one can carry a secret."""

RESPONSE_HEADERS: Final = frozenset(
    {"content-language", "content-type", "link", "location", "openai-version", "retry-after", "retry-after-ms"}
)
"""Response headers that are kept."""


@functools.lru_cache(maxsize=64)
def kept_of_request(headers: Headers) -> Headers:
    """The headers of a request that are kept, not redacted yet; those of one client's requests are the same."""
    return tuple(pair for pair in headers if pair[0].lower() in REQUEST_HEADERS)
