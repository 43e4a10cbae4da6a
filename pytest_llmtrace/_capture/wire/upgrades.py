"""Websockets that an HTTP client opens (aiohttp does): what they carry after their first request no stub can see."""

from __future__ import annotations

import functools
from collections.abc import Callable
from urllib.parse import urlsplit

from pytest_llmtrace._capture.guard.passages import Passage
from pytest_llmtrace._capture.guard.user_stack import user_stack
from pytest_llmtrace._capture.providers import is_provider_host
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._model.http import Headers
from pytest_llmtrace._model.matching import is_loopback


@functools.lru_cache(maxsize=256)
def is_upgrade(headers: Headers) -> bool:
    """Whether a request asks for a websocket; those of a client have the same headers."""
    return any("websocket" in value.lower() for name, value in headers if name.lower() == "upgrade")


def note_upgrade(recorder: Recorder, url: str, allows: Callable[[str], bool]) -> None:
    """A websocket is about to be opened. Raises: the stop, where it leads to a provider and replay runs."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    address = f"websocket {url.partition('?')[0]}"
    if is_loopback(host):
        if recorder.wire == "tape" and recorder.guarded and recorder.is_recorded_port(port):
            recorder.bypass(address, user_stack())
        if port is not None:
            recorder.passages.to_port(port, Passage(address=address, stack=user_stack(), phase=recorder.phase))
    elif is_provider_host(host) and not allows(host):
        if recorder.wire == "tape":
            recorder.bypass(address, user_stack())
        recorder.let_through(address, user_stack())
