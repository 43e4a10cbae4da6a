"""The floor of a suite that gives every client its transport: no certificates are read, which a client does itself."""

from __future__ import annotations

import httpx2
import pytest
import workload
from openai import OpenAI

_HEADERS = [("content-type", "application/json")]


def _answer(request):
    return httpx2.Response(200, headers=_HEADERS, content=workload.answer_to(request.content))


@pytest.fixture
def client():
    """A client of its own for each test."""
    return OpenAI(http_client=httpx2.Client(transport=httpx2.MockTransport(_answer)))
