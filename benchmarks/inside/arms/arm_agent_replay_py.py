"""agent-replay-py: the client must be made with its HTTP client, which holds the cassette of one test.

It records nothing but calls of api.openai.com and api.anthropic.com: here that name leads to the local provider.
"""

from __future__ import annotations

import os
import socket

import pytest
from openai import OpenAI

_HOST = "api.openai.com"
_real = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **named: _real("127.0.0.1" if host == _HOST else host, *rest, **named)


@pytest.fixture
def tape():
    """There is no HTTP client of one test in litellm."""
    pytest.fail("agent-replay-py hands out an HTTP client; litellm makes its own")


@pytest.fixture
def client(agentreplay):
    """A client of its own for each test, since the cassette is in it."""
    return OpenAI(http_client=agentreplay.httpx_client(), base_url=f"http://{_HOST}:{os.environ['BENCH_PORT']}/v1")


def pytest_collection_modifyitems(items):
    """A difference must fail; its default is to warn."""
    for item in items:
        item.add_marker(pytest.mark.agentreplay(divergence="error", mode=os.environ["BENCH_MODE"]))
