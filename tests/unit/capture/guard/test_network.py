"""The guard on Python's sockets: what it puts in place, and what it leaves."""

import asyncio
import contextlib
import multiprocessing.process
import os
import re
import socket
import subprocess
import sys
import types
from unittest import mock

import pytest

from pytest_llmtrace._capture import current
from pytest_llmtrace._capture.exchange import ReplayStopError
from pytest_llmtrace._capture.guard.network import Guard
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from tests.unit.capture.conftest import observed_with

PLACES = [
    *((socket.socket, name) for name in ("connect", "connect_ex", "sendto", "sendmsg")),
    *((socket, name) for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex")),
    (asyncio.BaseEventLoop, "getaddrinfo"),
    (subprocess.Popen, "__init__"),
    (os, "system"),
    (os, "posix_spawn"),
    (os, "posix_spawnp"),
    (multiprocessing.process.BaseProcess, "start"),
]


def places():
    return [(getattr(owner, name), name in vars(owner)) for owner, name in PLACES]


def test_the_guard_leaves_everything_as_it_was():
    """Installed twice and removed, nothing is changed, not even what a class inherits."""
    before = places()
    guard = Guard()
    guard.install()
    guard.install()
    assert all(now is not old for (now, _), (old, _) in zip(places(), before, strict=True))
    guard.remove()
    assert places() == before


def test_a_guard_that_was_taken_away_is_put_back():
    """pytest-socket resets `connect` after every test."""
    guard = Guard()
    genuine = socket.socket.connect
    guard.install()
    socket.socket.connect = genuine
    guard.install()
    assert socket.socket.connect is not genuine
    guard.remove()
    assert socket.socket.connect is genuine


@pytest.mark.parametrize(("owner", "name"), PLACES)
def test_whichever_part_of_it_was_taken_away_is_put_back(owner, name):
    """All are looked at each time, though in one step."""
    guard, genuine = Guard(), getattr(owner, name)
    guard.install()
    ours = getattr(owner, name)
    guard.install()
    assert getattr(owner, name) is ours
    setattr(owner, name, genuine)
    guard.install()
    assert getattr(owner, name) not in (genuine, ours)
    guard.remove()
    assert getattr(owner, name) is genuine


def test_libraries_that_are_imported_later_or_anew_are_guarded(monkeypatch):
    """No hook tells when multiprocessing it comes; of a library with one, half may have been seen."""
    late = types.SimpleNamespace(BaseProcess=type("BaseProcess", (), {"start": lambda _self: None}))
    half = types.SimpleNamespace(__spec__=object())
    for name in ("multiprocessing.process", "uvloop", "grpc", "grpc.aio"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    guard = Guard()
    guard.install()
    try:
        genuine = late.BaseProcess.start
        monkeypatch.setitem(sys.modules, "multiprocessing.process", late)
        guard.install()
        assert late.BaseProcess.start is not genuine
        late.BaseProcess = type("BaseProcess", (), {"start": genuine})
        guard.install()
        assert late.BaseProcess.start is not genuine
        monkeypatch.setitem(sys.modules, "grpc", half)
        guard.install()
        half.insecure_channel = genuine
        guard.arrived()
        assert half.insecure_channel is not genuine
        guard.remove()
        monkeypatch.setitem(sys.modules, "grpc", half := types.SimpleNamespace(__spec__=object()))
        guard.install()
        guard.remove()
        half.insecure_channel = genuine
        guard.arrived()  # while no guard stands
        guard.install()
        assert half.insecure_channel is not genuine
    finally:
        guard.remove()


def test_the_guard_goes_over_those_of_other_plugins_and_not_over_mocks():
    """What pytest-socket puts in place calls the genuine function; a mock of the test must stay what it is."""

    def guarded_connect(sock, *args):
        raise AssertionError

    guarded_connect.__module__ = "pytest_socket"
    guard = Guard()
    guard.install()
    with mock.patch.object(socket.socket, "connect", guarded_connect):
        guard.install()
        assert socket.socket.connect is not guarded_connect
        socket.socket.connect = mocked = mock.Mock()
        guard.install()
        assert socket.socket.connect is mocked
    guard.remove()


def test_a_test_that_may_not_reach_the_network_looks_up_no_foreign_name(monkeypatch):
    """Whether it fails must not depend on the network; this machine, addresses and allowed hosts may be looked up."""
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, *_, **__: asked.append(host) or [])
    recorder = replaying()
    with guarding(recorder, allowed=["db.example:5432", "*.internal.example"]):
        with pytest.raises(ReplayStopError, match=r"evil\.example:53 went past"):
            socket.getaddrinfo("evil.example", 53)
        for name in ("localhost", "redis", "10.0.0.1", "::1", socket.gethostname(), "db.example", "a.internal.example"):
            socket.getaddrinfo(name, 5432)
    assert asked == ["localhost", "redis", "10.0.0.1", "::1", socket.gethostname(), "db.example", "a.internal.example"]
    assert [what for what, _ in recorder.bypassed] == ["evil.example:53"]


@pytest.mark.parametrize(
    ("sent", "host"),
    [
        (b"CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n\r\n", "api.openai.com:443"),
        (b"CONNECT api.openai.com:443 HTTP/1.0\r\n\r\n", "api.openai.com:443"),
        (b"CONNECT evil.example:8443 HTTP/1.1\r\n\r\n", "evil.example:8443"),
        (b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\n\r\n", "2001:db8::1:443"),
    ],
)
def test_a_proxy_on_this_machine_is_no_way_past_the_tape(sent, host):
    """Many a company has one; what is asked of it decides, before it is sent."""
    recorder = replaying()
    with socket.create_server(("127.0.0.1", 0)) as server, guarding(recorder, allowed=["db.example"]):
        with pytest.raises(ReplayStopError, match=f"{re.escape(host)} went past"):
            ask(server, sent)
        with server.accept()[0] as peer:
            assert peer.recv(100) == b""
    assert [what for what, _ in recorder.bypassed] == [host]


@pytest.mark.parametrize(
    "sent",
    [
        b"CONNECT db.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT 127.0.0.1:5432 HTTP/1.1\r\n\r\n",
        b"GET http://localhost/ HTTP/1.1\r\n\r\n",
        b"CONNECT nowhere\r\n",
    ],
)
def test_what_may_be_reached_may_be_reached_by_a_proxy(sent):
    """Allowed hosts, and this machine."""
    recorder = replaying()
    with socket.create_server(("127.0.0.1", 0)) as server, guarding(recorder, allowed=["db.example"]):
        ask(server, sent)
        with server.accept()[0] as peer:
            assert peer.recv(100) == sent
    assert recorder.bypassed == []


def test_a_tunnel_to_a_provider_is_noted_while_recording():
    """No HTTP stub made it: what it carried is on no tape."""
    recorder = observed_with("record").recorder
    with socket.create_server(("127.0.0.1", 0)) as server, guarding(recorder):
        ask(server, b"CONNECT api.openai.com:443 HTTP/1.1\r\n\r\n")
        ask(server, b"CONNECT elsewhere.example:443 HTTP/1.1\r\n\r\n")
    assert [one.address for one in recorder.gone_past()] == ["api.openai.com:443"]


def replaying():
    request = HttpRequest(method="POST", url="https://api.openai.com/v1/chat/completions")
    tape = (Interaction(request=request, response=HttpResponse(status=200), key="k"),)
    return observed_with("tape", tape).recorder


@contextlib.contextmanager
def guarding(recorder, *, allowed=()):
    guard = Guard(allowed=allowed)
    guard.install()
    current.push(recorder)
    try:
        yield
    finally:
        current.pop(recorder)
        guard.remove()


def ask(server, sent):
    with socket.create_connection(server.getsockname()[:2]) as sock:
        sock.sendall(sent)
