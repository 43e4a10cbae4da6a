"""Connections that native code makes, judged where Python asks it to: uvloop's loops, gRPC's channels."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

Judge = Callable[[str, Any], None]
"""Told of a host and a port; raises where that must not be reached."""

LIBRARIES: Final = ("uvloop", "grpc", "grpc.aio")
_CHANNELS: Final = ("secure_channel", "insecure_channel")


def native_clients(judge: Judge) -> Iterator[tuple[Any, str, Callable[[Any], Any]]]:
    """Of the libraries that are imported: what to patch, under which name, and what makes our version of it."""
    uvloop = sys.modules.get("uvloop")
    if uvloop is not None and hasattr(uvloop, "Loop"):
        yield uvloop.Loop, "create_connection", functools.partial(_connecting, judge)
        yield uvloop.Loop, "create_datagram_endpoint", functools.partial(_opening_datagrams, judge)
        yield uvloop.Loop, "getaddrinfo", functools.partial(_looking_up, judge)
    for module in ("grpc", "grpc.aio"):
        found = sys.modules.get(module)
        for name in _CHANNELS:
            if found is not None and hasattr(found, name):
                yield found, name, functools.partial(_channelling, judge)


def _connecting(judge: Judge, original: Any) -> Any:
    @functools.wraps(original)
    async def create_connection(loop: Any, factory: Any, host: Any = None, port: Any = None, **kwargs: Any) -> Any:
        if host is not None:
            judge(_text(host), port)
        return await original(loop, factory, host, port, **kwargs)

    return create_connection


def _opening_datagrams(judge: Judge, original: Any) -> Any:
    @functools.wraps(original)
    async def create_datagram_endpoint(
        loop: Any, factory: Any, local_addr: Any = None, remote_addr: Any = None, **kwargs: Any
    ) -> Any:
        if isinstance(remote_addr, tuple):
            judge(_text(remote_addr[0]), remote_addr[1])
        return await original(loop, factory, local_addr, remote_addr, **kwargs)

    return create_datagram_endpoint


def _looking_up(judge: Judge, original: Any) -> Any:
    @functools.wraps(original)
    async def getaddrinfo(loop: Any, host: Any, port: Any, **kwargs: Any) -> Any:
        if host:
            judge(_text(host), port)
        return await original(loop, host, port, **kwargs)

    return getaddrinfo


def _channelling(judge: Judge, original: Any) -> Any:
    @functools.wraps(original)
    def channel(target: Any, *args: Any, **kwargs: Any) -> Any:
        address = address_of(_text(target))
        if address is not None:
            judge(*address)
        return original(target, *args, **kwargs)

    return channel


def address_of(target: str) -> tuple[str, int | None] | None:
    """Host and port of a gRPC target (https://grpc.github.io/grpc/core/md_doc_naming.html); `None`: a local socket."""
    scheme, colon, rest = target.partition(":")
    if colon and scheme in {"unix", "unix-abstract", "vsock"}:
        return None
    if colon and scheme in {"dns", "ipv4", "ipv6", "xds", "google"}:
        target = rest.rpartition("/")[2].partition(",")[0]
    try:
        parts = urlsplit(f"//{target}")
        host, port = parts.hostname or target, parts.port
    except ValueError:
        host, port = target, None
    return host, port


def _text(value: Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
