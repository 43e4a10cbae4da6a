"""litellm's own transport for asynchronous calls: what the tape answers does not pass through aiohttp below it.

litellm turns each request of httpx into one of aiohttp, which vcrpy's stub turns into one of its own, and the answer
takes the same way back; aiohttp's session is made anew for each event loop. Here the answer is made as httpx takes it.
All else goes litellm's way: what is recorded or live, failures on the tape, and whatever somebody has put in between.
The only module that touches these private names of litellm and aiohttp; a litellm without them keeps its way.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.wire.httpx_answers import answer_of
from pytest_llmtrace._capture.wire.httpx_stub import request_of
from pytest_llmtrace._capture.wire.in_flight import handing_on
from pytest_llmtrace._capture.wire.switchboard import Switchboard
from pytest_llmtrace._model.http import HttpResponse

MODULE: Final = "litellm.llms.custom_httpx.aiohttp_transport"
"""Where litellm has its transport; it may be imported late."""

TRANSPORT: Final = "LiteLLMAiohttpTransport"
SEND: Final = "handle_async_request"
ASK: Final = "_make_aiohttp_request"
"""What the transport's `SEND` asks aiohttp through."""

SESSION: Final = ("request", "_request")
"""Through these methods a session of aiohttp sends. vcrpy patches the second."""


class LitellmTransport:
    """Answers for litellm's transport until it is detached."""

    def __init__(self, switchboard: Switchboard) -> None:
        """Once the patches of aiohttp are in place where it is imported, and before anybody else's are.

        Args:
            switchboard: Says what answers a request.
        """
        self._switchboard = switchboard
        self._over = False
        self._patched: Any = None
        self._original: Any = None
        self._session: Any = None
        self._methods: tuple[Any, ...] = ()
        self.aiohttp_is_patched()

    def aiohttp_is_patched(self) -> None:
        """Remember how sessions of aiohttp send, once: nobody else has put anything in between yet."""
        if self._session is None:
            self._session = getattr(sys.modules.get("aiohttp.client"), "ClientSession", None)
            self._methods = _methods(self._session)

    def attach(self) -> None:
        """Answer for the transport where it is imported by now, once; import hooks come here and never go away."""
        module = sys.modules.get(MODULE)
        transport, httpx = getattr(module, TRANSPORT, None), getattr(module, "httpx", None)
        original, ask = getattr(transport, SEND, None), getattr(transport, ASK, None)
        if self._over or self._patched is not None or httpx is None or original is None or ask is None:
            return
        if not _is_own(original) or not _is_own(ask):
            return
        self._patched, self._original = transport, original
        setattr(transport, SEND, self._sending(original, ask, httpx))

    def detach(self) -> None:
        """Let litellm send everything itself again."""
        self._over = True
        if self._patched is not None and getattr(getattr(self._patched, SEND), "__wrapped__", None) is self._original:
            setattr(self._patched, SEND, self._original)
        self._patched = None

    def _sending(self, original: Callable[..., Any], ask: Any, httpx: Any) -> Callable[..., Any]:
        @functools.wraps(original)
        async def send(transport: Any, request: Any) -> Any:
            recorder = current()
            if recorder is None or recorder.wire != "tape" or not self._leads_to_us(transport, ask):
                return await original(transport, request)
            try:
                body = request.content
            except httpx.RequestNotRead:  # a file, say, that can be read once
                return await original(transport, request)
            opened = self._switchboard.open(functools.partial(request_of, request, body))
            if opened is not None and opened[1].response is not None:
                return self._switchboard.answer(opened, functools.partial(_given, httpx, request))
            with handing_on(opened):
                return await original(transport, request)

        return send

    def _leads_to_us(self, transport: Any, ask: Any) -> bool:
        """Whether a request would come to the stub of aiohttp, ours: no mock and no other cassette lies in between."""
        client = getattr(transport, "client", None)
        is_made_by_litellm = getattr(client, "__module__", "").startswith("litellm.") or (
            type(client) is self._session and getattr(transport, "_owns_session", False)
        )
        return (
            is_made_by_litellm
            and getattr(getattr(transport, ASK), "__func__", None) is ask
            and bool(self._methods)
            and self._methods == _methods(self._session)
        )


def _is_own(function: Any) -> bool:
    """Whether it is litellm's, and not what a test has put in its place."""
    return type(function) is FunctionType and function.__module__ == MODULE


def _methods(session: Any) -> tuple[Any, ...]:
    """Those that send; none where instrumentation wraps one, which would hear of nothing."""
    if not isinstance(session, type):
        return ()
    request, sending = map(vars(session).get, SESSION)
    return (request, sending) if type(request) is FunctionType and type(sending) is FunctionType else ()


def _given(httpx: Any, request: Any, recorded: HttpResponse) -> Any:
    """A response as litellm's transport makes one, which leaves the words of its status to httpx."""
    return answer_of(httpx, recorded, reason="", request=request)
