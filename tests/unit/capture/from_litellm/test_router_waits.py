"""A Router's waits: cut in a replay, kept where answers are live."""

import asyncio
import sys
import types
import warnings

import pytest

from pytest_llmtrace._capture.current import pop, push
from pytest_llmtrace._capture.from_litellm.router_waits import RouterWaits
from tests.unit.capture.conftest import observed_with


class PythonHost:
    """What sleeps for litellm's Router."""

    def __init__(self):
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)
        return asyncio.sleep(0)

    def sleep_sync(self, seconds):
        self.slept.append(seconds)


class Router:
    """The Router before its core moved to Rust."""

    def _time_to_sleep_before_retry(self, error):
        return 7


@pytest.fixture
def host(monkeypatch):
    """The modules of litellm, with our cuts in place."""
    for name, owner in (("litellm.router_python_host", PythonHost), ("litellm.router", Router)):
        module = types.ModuleType(name)
        setattr(module, owner.__name__, owner)
        monkeypatch.setitem(sys.modules, name, module)
    waits = RouterWaits()
    waits.attach()
    waits.attach()
    yield PythonHost()
    waits.detach()
    assert Router()._time_to_sleep_before_retry(None) == 7
    waits.attach()  # an import hook that comes late
    assert Router()._time_to_sleep_before_retry(None) == 7


def waited(host):
    """What a Router waits: asynchronously, synchronously, and by the old method."""
    asyncio.run(_awaited(host))
    host.sleep_sync(2)
    return host.slept, Router()._time_to_sleep_before_retry(None)


async def _awaited(host):
    await host.sleep(1)


def test_a_live_answer_is_followed_by_the_wait(host, observed):
    """While recording, and outside of a traced test, the Router's own waiting stands."""
    observed.chat("hi")
    assert waited(host) == ([1, 2], 7)


def test_a_replayed_answer_is_followed_by_none(host, observed):
    """A recorded retry costs no time."""
    observed.chat("hi", status=429)
    replay = observed_with("tape", observed.taped())
    push(replay.recorder)
    try:
        replay.chat("hi")
        assert waited(host) == ([], 0)
    finally:
        pop(replay.recorder)


def test_looking_for_waits_imports_nothing(litellm):
    """The Router of litellm imports its core, with warnings, when its class is asked for what it does not have."""
    before = set(sys.modules)
    waits = RouterWaits()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        waits.attach()
    waits.detach()
    assert {name for name in set(sys.modules) - before if name.startswith("litellm")} == set()
