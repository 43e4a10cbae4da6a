"""What vcrpy imports whoever uses it, left out until somebody does: requests and botocore, half of what it takes.

It patches nothing of requests, which is urllib3's. Of botocore it patches what holds connections. Where botocore comes
when urllib3 is patched already, its connections must be made of urllib3's own classes all the same, as they are where
it comes first: else they were stubs for good, and sent nothing.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Final
from unittest import mock

LIBRARIES: Final = ("requests", "botocore")
CONNECTIONS: Final = "botocore.awsrequest"
URLLIB3: Final = {
    "HTTPConnection": "_connHTTPConnection",
    "HTTPSConnection": "_connHTTPSConnection",
    "VerifiedHTTPSConnection": "_VerifiedHTTPSConnection",
}
"""The classes of `urllib3.connection`, and the names under which `vcr.patch` keeps them as they were."""
BOTOCORE: Final = {
    "_Boto3VerifiedHTTPSConnection": "AWSHTTPSConnection",
    "_cpoolBoto3HTTPConnection": "AWSHTTPConnection",
    "_cpoolBoto3HTTPSConnection": "AWSHTTPSConnection",
}
"""The names under which `vcr.patch` keeps classes of botocore, had it imported it."""

Patches = Iterable[AbstractContextManager[Any]]


@contextlib.contextmanager
def spared() -> Iterator[None]:
    """While it lasts, this thread finds none of these libraries, unless it is imported already."""
    late = _Missing(tuple(name for name in LIBRARIES if name not in sys.modules))
    sys.meta_path.insert(0, late)
    try:
        yield
    finally:
        sys.meta_path.remove(late)


@contextlib.contextmanager
def patched_on_arrival(patches: Callable[[], Patches]) -> Iterator[None]:
    """Apply patches of botocore as soon as it is imported, and until this is left."""
    if CONNECTIONS in sys.modules:
        yield
        return
    if _ARRIVAL not in sys.meta_path:
        sys.meta_path.insert(0, _ARRIVAL)  # for good: vcrpy needs to be told even when all patches are gone
    with contextlib.ExitStack() as stack:

        def apply() -> None:
            for one in patches():
                stack.enter_context(one)

        _ARRIVAL.waiting.append(apply)
        try:
            yield
        finally:
            _ARRIVAL.waiting.remove(apply)


class _Missing:
    """Says to one thread that libraries are not installed."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._thread = threading.get_ident()

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name.partition(".")[0] in self._names and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class _Arrival:
    """Finds botocore's connections when somebody imports them, and notices when they are there."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        """Called then."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != CONNECTIONS:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module
            spec.loader.exec_module = lambda module: self._execute(execute, module)  # type: ignore[method-assign]
        return spec

    def _execute(self, execute: Callable[[ModuleType], None], module: ModuleType) -> None:
        patch = importlib.import_module("vcr.patch")
        connection = importlib.import_module("urllib3.connection")
        with contextlib.ExitStack() as bare:
            for name, original in URLLIB3.items():
                bare.enter_context(mock.patch.object(connection, name, getattr(patch, original)))
            execute(module)
        for name, original in BOTOCORE.items():
            if not hasattr(patch, name):
                setattr(patch, name, getattr(module, original))
        for one in tuple(self.waiting):
            one()


_ARRIVAL: Final = _Arrival()
