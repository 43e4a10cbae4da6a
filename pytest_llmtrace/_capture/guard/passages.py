"""Connections that went past the tape and were not stopped: recording and live mode let them through, and say so.

They are not stopped because the call may be under way already: the connection is opened by a pool, in a sub-task that
races two addresses, or in a thread, and an exception there breaks the application in a place that says nothing. What
it costs is one call of one test, which fails until the call can be seen. Where a budget is spent, they are stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import Final

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.http import Phase


def asks_llm(sent: bytes) -> bool:
    """Whether what is sent over a plain socket begins as a call of a model does, by the path of its API."""
    return _CALL.match(sent) is not None


_CALL: Final = expression(
    rb"POST (?:\S*/(?:chat/completions|completions|responses|embeddings|messages|api/chat|api/generate|api/embed)"
    rb"|\S*:(?:streamGenerateContent|generateContent)"
    rb"|/model/\S+/(?:converse|converse-stream|invoke|invoke-with-response-stream))(?:\?\S*)? HTTP/1"
)


def tunnelled(sent: bytes) -> tuple[str, int] | None:
    """The host and port that a proxy is asked to lead to, where what is sent over a plain socket begins so."""
    asked = _TUNNEL.match(sent)
    return None if asked is None else (asked[1].decode("ascii").strip("[]"), int(asked[2]))


_TUNNEL: Final = expression(rb"CONNECT (\[[0-9A-Fa-f:.]+\]|[!-9;-Z_a-z~-]+):([0-9]{1,5}) HTTP/1")


@frozen
class Passage:
    """One connection, or upgrade of a connection, past the tape."""

    address: str
    """Host and port, or the URL of a websocket."""
    stack: tuple[str, ...]
    """Who made it, from the user's code inwards."""
    phase: Phase


class Passages:
    """Those of one owner. Safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._providers: dict[str, Passage] = {}
        self._local: dict[int, Passage] = {}
        self._llm_ports: set[int] = set()
        """Ports that were asked as only LLMs are."""
        self.any = False
        """Whether any connection was noted."""

    def to_provider(self, passage: Passage) -> None:
        """A known provider was reached. One of each address is kept, the first."""
        with self._lock:
            self._providers.setdefault(passage.address, passage)
            self.any = True

    def to_port(self, port: int, passage: Passage, *, llm: bool = False) -> None:
        """Something was sent to a port of this machine; whether an LLM listens there, the end of the test knows.

        Args:
            port: The port.
            passage: What was sent there.
            llm: Whether it is known already.
        """
        with self._lock:
            self._local.setdefault(port, passage)
            self.any = True
            if llm:
                self._llm_ports.add(port)

    def found(self, llm_ports: Callable[[], Collection[int | None]]) -> tuple[Passage, ...]:
        """What went past the tape to an LLM.

        Args:
            llm_ports: Gives the local ports on which LLMs answered; asked where anything went past, which is rare.
        """
        if not (self._providers or self._local):
            return ()
        with self._lock:
            known = {*llm_ports(), *self._llm_ports}
            named = {
                passage.address.rpartition(":")[2] for passage in self._providers.values()
            }  # a tunnel to a provider
            local = [one for port, one in self._local.items() if port in known and str(port) not in named]
            return (*self._providers.values(), *local)
