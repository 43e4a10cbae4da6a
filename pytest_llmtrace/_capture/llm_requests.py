"""Which HTTP requests ask a model."""

from __future__ import annotations

from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects import find_dialect
from pytest_llmtrace._capture.providers import is_provider_host
from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._model.http import HttpRequest


def is_llm_request(request: HttpRequest) -> bool:
    """Whether a request is a call of an LLM: by its host, or by its path and body."""
    if is_provider_host(urlsplit(request.url).hostname or ""):
        return True
    if request.method != "POST":
        return False
    return find_dialect(request.method, request.url, parse_json(request.body)) is not None
