"""What vcrpy imports whoever uses it, left out until somebody does: most of what importing vcrpy takes.

It patches nothing of requests, which is urllib3's; of all others it patches what sends, which is done when they come.
Where botocore comes when urllib3 is patched already, its connections must be made of urllib3's own classes all the
same, as they are where it comes first: else they were stubs for good, and sent nothing.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import itertools
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec
from operator import attrgetter
from types import ModuleType
from typing import Any, Final
from unittest import mock

from pytest_llmtrace._capture.wire.late_execution import executed_by

LIBRARIES: Final = ("requests", "botocore", "aiohttp", "httpx", "httpx2")
ON_HTTPX: Final = ("httpx_curl_cffi", "pyreqwest")
"""Transports of httpx that vcrpy imports and patches, and httpx with them: where one is installed, it may do so."""

CONNECTIONS: Final = "botocore.awsrequest"
URLLIB3: Final = {
    "HTTPConnection": "_connHTTPConnection",
    "HTTPSConnection": "_connHTTPSConnection",
    "VerifiedHTTPSConnection": "_VerifiedHTTPSConnection",
}
"""The classes of `urllib3.connection`, and the names under which `vcr.patch` keeps them as they were."""

_TRANSPORTS: Final = {
    "HttpTransport_handle_request": "HTTPTransport.handle_request",
    "AsyncHttpTransport_handle_async_request": "AsyncHTTPTransport.handle_async_request",
    "WsgiTransport_handle_request": "WSGITransport.handle_request",
    "AsgiTransport_handle_async_request": "ASGITransport.handle_async_request",
    "MockTransport_handle_request": "MockTransport.handle_request",
    "MockTransport_handle_async_request": "MockTransport.handle_async_request",
}
KEPT: Final[Mapping[str, Mapping[str, str]]] = {
    CONNECTIONS: {
        "_Boto3VerifiedHTTPSConnection": "AWSHTTPSConnection",
        "_cpoolBoto3HTTPConnection": "AWSHTTPConnection",
        "_cpoolBoto3HTTPSConnection": "AWSHTTPSConnection",
    },
    "aiohttp": {"_AiohttpClientSessionRequest": "client.ClientSession._request"},
    "httpx": {f"_Httpx{name}": place for name, place in _TRANSPORTS.items()},
    "httpx2": {f"_Httpx2{name}": place for name, place in _TRANSPORTS.items()},
}
"""The modules that are patched when they come; the names under which `vcr.patch` keeps what it replaces in each, and
where that is found."""


@contextlib.contextmanager
def spared() -> Iterator[Collection[str]]:
    """While it lasts, this thread finds none of the libraries that are not imported already.

    Yields:
        Those that it does not find.
    """
    missing = [name for name in LIBRARIES if name not in sys.modules]
    if "httpx" in missing and any(map(importlib.util.find_spec, ON_HTTPX)):
        missing.remove("httpx")
    late = _Missing(missing)
    sys.meta_path.insert(0, late)
    try:
        yield missing
    finally:
        sys.meta_path.remove(late)


@contextlib.contextmanager
def patched_on_arrival(
    missing: Collection[str], arrived: Callable[[str, contextlib.ExitStack], None]
) -> Iterator[None]:
    """Have libraries patched as soon as they are imported, and until this is left.

    Args:
        missing: Those that vcrpy did not find.
        arrived: Told of a module of `KEPT` that is imported now, once; with what undoes its patches in the end.
    """
    waited = {name for name in KEPT if name.partition(".")[0] in missing}
    if waited and _ARRIVAL not in sys.meta_path:
        sys.meta_path.insert(0, _ARRIVAL)  # for good: vcrpy needs to be told even when all patches are gone
    with contextlib.ExitStack() as stack:

        def arrive(name: str) -> None:
            if name in waited:
                waited.remove(name)
                arrived(name, stack)

        _ARRIVAL.waiting.append(arrive)
        try:
            for name in waited & sys.modules.keys():  # another thread imports it since it was found to be missing
                _ARRIVAL.arrived(importlib.import_module(name))
            yield
        finally:
            _ARRIVAL.waiting.remove(arrive)


class _Missing:
    """Says to one thread that libraries are not installed."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._thread = threading.get_ident()

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name.partition(".")[0] in self._names and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class _Arrival:
    """Has others find what vcrpy patches when somebody imports it, and notices when it is there."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[str], None]] = []
        """Called then."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in KEPT:
            return None
        after = itertools.dropwhile(lambda one: one is not self, tuple(sys.meta_path))
        found = (one.find_spec(name, path, target) for one in after if one is not self and hasattr(one, "find_spec"))
        return executed_by(next(filter(None, found), None), self._execute)

    def _execute(self, execute: Callable[[ModuleType], None], module: ModuleType) -> None:
        with _bare_urllib3() if module.__name__ == CONNECTIONS else contextlib.nullcontext():
            execute(module)
        self.arrived(module)

    def arrived(self, module: ModuleType) -> None:
        """Tell vcrpy what it would keep, had it imported the module itself, and tell who waits for it."""
        patch = importlib.import_module("vcr.patch")
        for name, place in KEPT[module.__name__].items():
            if not hasattr(patch, name):
                setattr(patch, name, attrgetter(place)(module))
        for one in tuple(self.waiting):
            one(module.__name__)


@contextlib.contextmanager
def _bare_urllib3() -> Iterator[None]:
    """While it lasts, urllib3's connections are its own."""
    patch: Any = importlib.import_module("vcr.patch")
    connection = importlib.import_module("urllib3.connection")
    with contextlib.ExitStack() as bare:
        for name, original in URLLIB3.items():
            bare.enter_context(mock.patch.object(connection, name, getattr(patch, original)))
        yield


_ARRIVAL: Final = _Arrival()
