"""Where requests arrive: each is written down, then answered by the script."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.provider.reply import Replier, Reply
from tests.provider.script import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it arrived."""

    number: int
    """From 1, in the order of arrival."""
    method: str
    path: str
    """With the query."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any
    """The parsed JSON; `None` where it is none."""
    raw: bytes
    """The body as it came."""


class Desk:
    """Records requests and answers them. Safe to use from several threads."""

    def __init__(self, replier: Replier) -> None:
        self._replier = replier
        self._changed = threading.Condition()
        self._requests: list[Request] = []
        self._closed = threading.Event()

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in the order of arrival."""
        with self._changed:
            return list(self._requests)

    def take(self, *, method: str, path: str, headers: Mapping[str, str], raw: bytes) -> Reply:
        """Record a request and make the reply to it."""
        body = _parsed(raw)
        with self._changed:
            number = len(self._requests) + 1
            self._requests.append(Request(number=number, method=method, path=path, headers=headers, body=body, raw=raw))
            self._changed.notify_all()
        return self._replier.reply(
            number=number,
            method=method,
            path=path.partition("?")[0],
            body=body,
            accept_encoding=headers.get("accept-encoding", ""),
        )

    def hold(self, rule: Rule) -> bool:
        """Wait as long as the rule says; whether there is still anybody to answer."""
        if rule.delay:
            self._closed.wait(rule.delay)
        while rule.wait is not None and not rule.wait.wait(0.01) and not self._closed.is_set():
            pass
        return not self._closed.is_set()

    def wait_for(self, count: int, timeout: float) -> None:
        """Return as soon as so many requests have come; `TimeoutError` if they do not."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._requests) >= count, timeout):
                raise TimeoutError(f"{len(self._requests)} of {count} requests came within {timeout:g} s")

    def rewind(self) -> None:
        """Forget the requests and start the script again."""
        with self._changed:
            self._requests.clear()
            self._replier.script.rewind()

    def close(self) -> None:
        """Let go of every request that is on hold."""
        self._closed.set()


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None
