"""Which HTTP requests ask a model."""

from __future__ import annotations

from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects import find_dialect
from pytest_llmtrace._capture.providers import is_provider_host
from pytest_llmtrace._model.http import HttpRequest, json_body


def is_llm_request(request: HttpRequest) -> bool:
    """Whether a request is a call of an LLM: by its host, or by its path and body."""
    if is_provider_host(urlsplit(request.url).hostname or ""):
        return True
    if request.method != "POST":
        return False
    return find_dialect(request.method, request.url, json_body(request)) is not None
