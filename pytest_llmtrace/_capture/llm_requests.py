"""Which HTTP requests ask a model."""

from __future__ import annotations

import functools
from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects import find_dialect
from pytest_llmtrace._capture.providers import is_provider_host
from pytest_llmtrace._model.http import HttpRequest, json_body


def is_llm_request(request: HttpRequest) -> bool:
    """Whether a request is a call of an LLM: by its host, or by its path and body."""
    if _goes_to_provider(request.url):
        return True
    if request.method != "POST":
        return False
    return find_dialect(request.method, request.url, json_body(request)) is not None


@functools.lru_cache(maxsize=256)
def _goes_to_provider(url: str) -> bool:
    return is_provider_host(urlsplit(url).hostname or "")
