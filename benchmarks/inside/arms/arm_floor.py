"""The floor: the SDK's own transports answer in the process. Nothing is recorded, matched, compared or checked."""

from __future__ import annotations

import importlib
import sys

import workload
from arm_plain import client, tape

__all__ = ["client", "tape"]
_HEADERS = [("content-type", "application/json")]


def _answer(library, request):
    return library.Response(200, headers=_HEADERS, content=workload.answer_to(request.content), request=request)


def _mock(library):
    async def later(_transport, request):
        return _answer(library, request)

    library.HTTPTransport.handle_request = lambda _transport, request: _answer(library, request)
    library.AsyncHTTPTransport.handle_async_request = later


def pytest_runtest_setup():
    """Put the mocks in place, once: in what the SDK imports to send with, and nothing else is imported for it."""
    if not _done:
        _done.append(True)
        importlib.import_module("openai")  # which the client of the first test would do, and litellm has done
        for name in ("httpx", "httpx2"):
            if name in sys.modules:
                _mock(sys.modules[name])
        if "litellm" in sys.modules:
            transport = importlib.import_module("litellm.llms.custom_httpx.aiohttp_transport").LiteLLMAiohttpTransport
            transport.handle_async_request = sys.modules["httpx"].AsyncHTTPTransport.handle_async_request


_done: list[bool] = []
