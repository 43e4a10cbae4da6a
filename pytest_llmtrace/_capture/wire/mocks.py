"""Mocks that answer in a provider's place: left alone, and no bypass where litellm reports what they answered.

The only module that touches respx's private names.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Final
from unittest import mock

from pytest_llmtrace._capture.current import current


def answers_below(request: Any) -> bool:
    """Whether respx answers an httpx request: it patches httpcore, below our stub. What it passes through is ours."""
    mocks = sys.modules.get("respx.mocks")
    if mocks is None:
        return False
    registry = getattr(getattr(mocks, "Mocker", None), "registry", {})
    routers = getattr(registry.get("httpcore"), "routers", ())
    for router in routers:
        for route in getattr(router, "routes", ()):
            if _matches(route, request):
                return not route.is_pass_through
        if not getattr(router, "_assert_all_mocked", True):
            return True  # this router answers what it does not know with an empty response
    return bool(routers)


def _matches(route: Any, request: Any) -> bool:
    try:
        return not route.pattern or bool(route.pattern.match(request))
    except Exception:  # noqa: BLE001  # a pattern that needs a body which is not read yet; respx reads it first
        return True


_REPLACED: Final = (
    ("openai.resources.chat.completions", "Completions", "create"),
    ("openai.resources.chat.completions", "AsyncCompletions", "create"),
    ("openai", "OpenAI", "post"),
    ("openai", "AsyncOpenAI", "post"),
    ("litellm.llms.custom_httpx.http_handler", "HTTPHandler", "post"),
    ("litellm.llms.custom_httpx.http_handler", "AsyncHTTPHandler", "post"),
)
"""What tests of litellm put a `unittest.mock` in the place of."""


def is_client_mocked() -> bool:
    """Whether a `unittest.mock` stands where litellm hands a call on, so that no HTTP client hears of it."""
    for module, owner, name in _REPLACED:
        found = sys.modules.get(module)
        if found is not None and isinstance(getattr(getattr(found, owner, None), name, None), mock.NonCallableMock):
            return True
    return False


class _Sent:
    """A request that a client was told to send."""

    passed_on = False
    """Whether an HTTP stub has seen it."""


_sent: ContextVar[_Sent | None] = ContextVar("llmtrace_sent_by_client", default=None)


def passed_on() -> None:
    """An HTTP stub sees the request that is being sent in this context."""
    sent = _sent.get()
    if sent is not None:
        sent.passed_on = True


_CLIENTS: Final = ("httpx", "httpx2")


def noting_sends(names: Collection[str] = _CLIENTS) -> Iterator[AbstractContextManager[Any]]:
    """Patches that note when a client's request is answered without passing a stub: by a mock, or a transport.

    Args:
        names: Of libraries; those that are imported and have such a client are patched.
    """
    for name in _CLIENTS:
        module = sys.modules.get(name)
        if module is not None and name in names:
            yield mock.patch.object(module.Client, "send", _noting(module.Client.send))
            yield mock.patch.object(module.AsyncClient, "send", _noting_async(module.AsyncClient.send))


def nobody_asks() -> bool:
    """Whether nothing is imported that tells of calls beside their HTTP, and of which it counts who answered them."""
    return "litellm" not in sys.modules and "langchain_core" not in sys.modules


def _noting(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def send(*args: Any, **kwargs: Any) -> Any:
        if nobody_asks():
            return original(*args, **kwargs)
        started, sent, outer = time.perf_counter(), _Sent(), _sent.get()
        _sent.set(sent)
        try:
            return original(*args, **kwargs)
        finally:
            _sent.set(outer)
            if not sent.passed_on:
                _note(started)

    return send


def _noting_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def send(*args: Any, **kwargs: Any) -> Any:
        if nobody_asks():
            return await original(*args, **kwargs)
        started, sent, outer = time.perf_counter(), _Sent(), _sent.get()
        _sent.set(sent)
        try:
            return await original(*args, **kwargs)
        finally:
            _sent.set(outer)
            if not sent.passed_on:
                _note(started)

    return send


def _note(started: float) -> None:
    recorder = current()
    if recorder is not None:
        recorder.answered_in_process.append((started, time.perf_counter()))
