"""Certificates that replay never needs are read when a connection needs them, and not when a client is built.

Reading the bundle of the system, or certifi's, takes as long as replaying four calls, and suites that build a client
for each test do it for each test, only for the tape to answer. Here the first context reads a bundle at once, so that a
wrong one is an error where it always was. Later ones read it before the first thing that depends on it: a handshake, or
a question about their certificates. So a real connection trusts what it always would.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest import mock

NEEDS_THEM: Final = ("_wrap_socket", "_wrap_bio", "get_ca_certs", "cert_store_stats")
"""What of a context depends on its certificates. All that encrypts comes through the two private ones, which asyncio,
trio and urllib3 reach by the public ones; where Python has others one day, nothing is put off."""

_MOST: Final = 8
"""Bundles that are remembered: a process has one or two."""


@contextlib.contextmanager
def lazy_certificates() -> Iterator[None]:
    """While it holds, contexts put off reading bundles; those made meanwhile do so while they live."""
    real = ssl.SSLContext.load_verify_locations
    if not all(hasattr(ssl.SSLContext, name) for name in NEEDS_THEM):
        yield
        return
    bundles = _Bundles()

    def load(context: Any, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        known = bundles.known(cafile, capath) if cadata is None and _can_wait(context) else None
        if known is not None:
            _put_off(context, lambda one: _read(one, real, (cafile, capath), known))
            return
        real(context, cafile, capath, cadata)
        if cadata is None:
            bundles.add(cafile, capath)

    with mock.patch.object(ssl.SSLContext, "load_verify_locations", load):
        yield


@dataclass(slots=True)
class _Bundles:
    """Files that were read before: what they were then, and what they said."""

    _found: dict[tuple[str, str | None], tuple[tuple[int, ...], str]] = field(default_factory=dict)

    def known(self, cafile: Any, capath: Any) -> str | None:
        """What a bundle says that is still as it was; `None`: it must be read."""
        said = self._found.get((cafile, capath)) if isinstance(cafile, str) else None
        return said[1] if said is not None and said[0] == _state(cafile) else None

    def add(self, cafile: Any, capath: Any) -> None:
        """A bundle was read, and is one."""
        if not isinstance(cafile, str) or not isinstance(capath, str | None) or len(self._found) >= _MOST:
            return
        with contextlib.suppress(OSError, UnicodeDecodeError):
            self._found[cafile, capath] = _state(cafile), Path(cafile).read_text("ascii", "ignore")


def _state(file: str) -> tuple[int, ...]:
    try:
        found = Path(file).stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read(context: Any, real: Callable[..., None], where: tuple[Any, Any], said: str) -> None:
    """Read a bundle; what it said when the context was made, where it is gone now."""
    try:
        real(context, *where)
    except (OSError, ssl.SSLError):
        real(context, None, where[1], said)


def _can_wait(context: Any) -> bool:
    """Whether it is Python's own, and not that of gevent or truststore, which encrypt in their own ways."""
    kind = type(context)
    own = (kind.__module__, kind.__qualname__) == ("ssl", "SSLContext")
    return own and not any(name in vars(context) for name in NEEDS_THEM)


def _put_off(context: Any, read: Callable[[Any], None]) -> None:
    """Read in the first of the methods that need it; what stands in their place is gone after that."""
    this, lock = weakref.ref(context), threading.Lock()

    def standing_for(name: str) -> Callable[..., Any]:
        def method(*args: Any, **kwargs: Any) -> Any:
            own = this()
            with lock:
                if own is not None and name in vars(own):
                    read(own)
                    for one in NEEDS_THEM:
                        vars(own).pop(one, None)
            return getattr(own, name)(*args, **kwargs)

        return method

    for name in NEEDS_THEM:
        setattr(context, name, standing_for(name))
