"""litellm's Router waits before it tries again; in a replay there is nothing to wait for.

SDKs read in the replayed answer that a millisecond is enough. A Router rounds to whole seconds, so its own sleep is
cut. The only module that touches these private names of litellm.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from typing import Any, Final

from pytest_llmtrace._capture.current import current

_HOST: Final = ("litellm.router_python_host", "PythonHost")
_ROUTER: Final = ("litellm.router", "Router")
"""Before litellm moved its Router's core to Rust, a method told how long to wait."""

MODULES: Final = (_HOST[0], _ROUTER[0])
"""Where litellm's waits are; these modules may be imported late."""


class RouterWaits:
    """Cuts the waits of litellm's Routers, until it is detached."""

    def __init__(self) -> None:
        self._over = False
        self._replaced: dict[tuple[Any, str], Any] = {}

    def attach(self) -> None:
        """Cut the waits of what is imported by now, once; import hooks come here again, and never go away."""
        if self._over:
            return
        for place, name, shorten in (
            (_HOST, "sleep", _short_sleep),
            (_HOST, "sleep_sync", _no_sleep),
            (_ROUTER, "_time_to_sleep_before_retry", _no_time),
        ):
            # Without asking: module and class import their parts when a name is asked for that they do not have.
            owner = getattr(sys.modules.get(place[0]), "__dict__", {}).get(place[1])
            original = getattr(owner, "__dict__", {}).get(name)
            if callable(original) and (owner, name) not in self._replaced:
                self._replaced[owner, name] = original
                setattr(owner, name, shorten(original))

    def detach(self) -> None:
        """Let Routers wait again."""
        self._over = True
        for (owner, name), original in self._replaced.items():
            setattr(owner, name, original)
        self._replaced.clear()


def _replays() -> bool:
    """Whether the last answer of this test came from its recording."""
    recorder = current()
    return recorder is not None and bool(recorder.exchanges) and recorder.exchanges[-1].source != "live"


def _short_sleep(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def sleep(host: Any, seconds: float) -> Any:
        return asyncio.sleep(0) if _replays() else original(host, seconds)

    return sleep


def _no_sleep(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def sleep(host: Any, seconds: float) -> Any:
        return None if _replays() else original(host, seconds)

    return sleep


def _no_time(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def seconds(*args: Any, **kwargs: Any) -> Any:
        return 0 if _replays() else original(*args, **kwargs)

    return seconds
