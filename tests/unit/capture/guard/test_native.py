"""Clients in native code: where Python asks them to connect, the guard asks first."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_llmtrace._capture import current
from pytest_llmtrace._capture.exchange import ReplayStopError
from pytest_llmtrace._capture.gates import Wire
from pytest_llmtrace._capture.guard.native import address_of
from pytest_llmtrace._capture.guard.network import Guard
from pytest_llmtrace._capture.recorder import Recorder
from tests.unit.capture.conftest import observed_with


class Loop:
    """As uvloop's: what it inherits is native."""

    async def create_connection(self, factory: Any, host: Any = None, port: Any = None, **_: Any) -> str:
        return f"connected to {host}:{port} by {factory}"

    async def create_datagram_endpoint(self, factory: Any, local: Any = None, remote: Any = None, **_: Any) -> str:
        return f"from {local} to {remote} by {factory}"

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> str:
        return f"{host}:{port}"


def channel(target: str, *args: Any) -> str:
    return f"channel to {target} with {args}"


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """Stand-ins for uvloop and gRPC, and a guard around them."""
    uvloop, grpc, aio = (types.ModuleType(name) for name in ("uvloop", "grpc", "grpc.aio"))
    vars(uvloop)["Loop"] = type("Loop", (Loop,), {})
    for module in (grpc, aio):
        vars(module).update(secure_channel=channel, insecure_channel=channel)
    for module in (uvloop, grpc, aio):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return types.SimpleNamespace(loop=vars(uvloop)["Loop"], grpc=vars(grpc), aio=vars(aio))


@contextlib.contextmanager
def guarded(wire: Wire, *allowed: str) -> Iterator[Recorder]:
    recorder = observed_with(wire).recorder
    guard = Guard(allowed=allowed)
    guard.install()
    current.push(recorder)
    try:
        yield recorder
    finally:
        current.pop(recorder)
        guard.remove()


def attempts(libraries: types.SimpleNamespace, host: str) -> Iterator[Any]:
    """Each way to reach a host."""
    loop = libraries.loop()
    yield lambda: asyncio.run(loop.create_connection("f", host, 443))
    yield lambda: asyncio.run(loop.create_datagram_endpoint("f", None, (host, 443)))
    yield lambda: asyncio.run(loop.getaddrinfo(host, 443))
    for module in (libraries.grpc, libraries.aio):
        yield lambda module=module: module["secure_channel"](f"dns:///{host}:443", None)
        yield lambda module=module: module["insecure_channel"](f"{host}:443")


def test_replay_stops_native_clients(libraries: types.SimpleNamespace) -> None:
    """Before native code hears of it; what is allowed passes with its arguments as they were."""
    with guarded("tape", "allowed.example") as recorder:
        for attempt in attempts(libraries, "api.openai.com"):
            with pytest.raises(ReplayStopError, match=r"api\.openai\.com:443"):
                attempt()
        assert {what for what, _ in recorder.bypassed} == {"api.openai.com:443"}
        assert [attempt() for attempt in attempts(libraries, "allowed.example")][::4] == [
            "connected to allowed.example:443 by f",
            "channel to allowed.example:443 with ()",
        ]
        assert libraries.grpc["insecure_channel"]("unix:/run/x") == "channel to unix:/run/x with ()"
    assert "create_connection" not in vars(libraries.loop)
    assert libraries.grpc["secure_channel"] is channel


def test_recording_says_what_they_reach(libraries: types.SimpleNamespace) -> None:
    """A provider is a passage of its own."""
    with guarded("live") as recorder:
        for attempt in attempts(libraries, "api.openai.com"):
            attempt()
    assert [one.address for one in recorder.gone_past()] == ["api.openai.com:443"]


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("host.example:443", ("host.example", 443)),
        ("host.example", ("host.example", None)),
        ("dns:///host.example:443", ("host.example", 443)),
        ("dns://8.8.8.8/host.example:443", ("host.example", 443)),
        ("ipv4:10.0.0.1:50051,10.0.0.2:50051", ("10.0.0.1", 50051)),
        ("ipv6:[2001:db8::1]:443", ("2001:db8::1", 443)),
        ("unix:///run/x.sock", None),
        ("[odd", ("[odd", None)),
    ],
)
def test_targets_of_grpc(target: str, address: tuple[str, int | None] | None) -> None:
    """In every form that its naming knows."""
    assert address_of(target) == address
