"""The guard on Python's sockets: what it puts in place, and what it leaves."""

import asyncio
import multiprocessing.process
import os
import socket
import subprocess
from unittest import mock

from pytest_llmtrace._capture.guard.network import Guard

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
