"""Whether a connection is made by an HTTP stub that sends a request which is recorded: then it is no bypass."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

stubbed: ContextVar[bool] = ContextVar("llmtrace_stubbed", default=False)
"""Set while a stub sends. Sub-tasks that a client connects in inherit it; look-ups of names in threads do not, so the
guard asks where the look-up was ordered."""


own: ContextVar[bool] = ContextVar("llmtrace_own", default=False)
"""Set in threads of ours: what they connect to was judged before."""


def stubbing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a stub's send function, so that connections made inside of it are known to be its own."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def send_async(*args: Any, **kwargs: Any) -> Any:
            before = stubbed.get()
            stubbed.set(True)
            try:
                return await function(*args, **kwargs)
            finally:
                stubbed.set(before)  # no token: an abandoned coroutine may be closed in another context

        return send_async

    @functools.wraps(function)
    def send(*args: Any, **kwargs: Any) -> Any:
        before = stubbed.get()
        stubbed.set(True)
        try:
            return function(*args, **kwargs)
        finally:
            stubbed.set(before)

    return send
