"""What is patched in vcrpy itself: its stubs tell when they send, and it resets nothing."""

from __future__ import annotations

import contextlib
import http.client
import importlib
import logging
import types
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final
from unittest import mock

from pytest_llmtrace._capture.wire.httpx_stub import send, send_async
from pytest_llmtrace._capture.wire.mocks import answers_below
from pytest_llmtrace._capture.wire.stubbed import stubbing
from pytest_llmtrace._model.loading import collecting_nothing

REAL_SENDERS: Final = (
    "_AiohttpClientSessionRequest",
    "_SimpleAsyncHTTPClient_fetch_impl",
    "_CurlAsyncHTTPClient_fetch_impl",
)
"""The originals that vcrpy keeps of functions which its stubs call; missing where the library is not imported."""


def vcr_patches() -> Iterator[contextlib.AbstractContextManager[Any]]:
    """All of them. They must be in place before our own cassette's patches are built."""
    with collecting_nothing():
        import vcr.patch  # noqa: PLC0415  # takes long, for runs alone that trace

    yield _quiet()
    yield from _telling_stubs()
    real = vcr.patch._HTTPSConnection  # noqa: SLF001
    yield mock.patch.object(real, "__init__", _self_contained(real))
    yield mock.patch.object(vcr.patch, "force_reset", contextlib.nullcontext)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let vcrpy log only where that was set up: it logs addresses, keys in them included, and nobody asked for it."""
    logger = logging.getLogger("vcr")
    if logger.level != logging.NOTSET:
        yield
        return
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        if logger.level == logging.WARNING:
            logger.setLevel(logging.NOTSET)


def _telling_stubs() -> Iterator[contextlib.AbstractContextManager[Any]]:
    """The stubs of every cassette, ours and the user's, tell that what they do is no bypass."""
    from vcr.stubs import VCRConnection  # noqa: PLC0415

    httpx_stubs = importlib.import_module("vcr.stubs.httpx_stubs")  # as vcrpy does: not what `vcr.stubs` remembers
    for name in ("connect", "getresponse"):
        yield mock.patch.object(VCRConnection, name, stubbing(getattr(VCRConnection, name)))
    for name, ours in (("_vcr_handle_request", send), ("_vcr_handle_async_request", send_async)):
        yield mock.patch.object(httpx_stubs, name, _httpx_stub(getattr(httpx_stubs, name), ours))
    yield from telling_senders(REAL_SENDERS)


def telling_senders(names: Collection[str]) -> Iterator[contextlib.AbstractContextManager[Any]]:
    """Originals that vcrpy's stubs call tell, too: those of `REAL_SENDERS` among the names, where they are imported."""
    import vcr.patch  # noqa: PLC0415

    for name in REAL_SENDERS:
        if name in names and hasattr(vcr.patch, name):
            yield mock.patch.object(vcr.patch, name, stubbing(getattr(vcr.patch, name)))


def _httpx_stub(theirs: Callable[..., Any], ours: Callable[..., Any]) -> Callable[..., Any]:
    """One of vcrpy's functions for httpx, and our own for our cassette, which leaves to respx what respx answers."""
    theirs = stubbing(theirs)

    def handle(cassette: Any, real: Any, transport: Any, request: Any, httpx: Any) -> Any:
        if not getattr(cassette, "is_router", False):
            return theirs(cassette, real, transport, request, httpx)
        if httpx.__name__ == "httpx" and answers_below(request):
            return real(transport, request)
        return ours(cassette.switchboard, real, transport, request, httpx)

    return handle


def _self_contained(https: type[http.client.HTTPSConnection]) -> Callable[..., None]:
    """`HTTPSConnection.__init__`, which looks its own class up by name in its module, bound to the real class.

    Because of that look-up vcrpy's `force_reset` un-patches the whole process while a connection is made, and requests
    of other threads slip past the tape (kevin1024/vcrpy#212, #295). With this in place nothing needs to be reset.
    """
    init: Any = https.__init__
    names = {**init.__globals__, "HTTPSConnection": https}
    bound = types.FunctionType(init.__code__, names, init.__name__, init.__defaults__, init.__closure__)
    bound.__kwdefaults__ = init.__kwdefaults__
    return bound
