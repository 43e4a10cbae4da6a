"""What litellm's threads have to do is counted, and not guessed by how many of them are idle."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from pytest_llmtrace._capture.from_litellm.drain import drain, settle
from pytest_llmtrace._capture.from_litellm.thread_work import MODULE, ThreadWork, thread_work
from tests.unit.capture.conftest import observed_with


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """In the place of litellm's, with its work counted."""
    with ThreadPoolExecutor(max_workers=2) as made, pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, MODULE, SimpleNamespace(executor=made))  # type: ignore[arg-type]
        work = ThreadWork()
        work.attach()
        yield made
        work.detach()


def test_work_counts_from_when_it_is_given_until_it_is_done(pool: ThreadPoolExecutor) -> None:
    """Begun or not; what came of it is the caller's."""
    go_on = threading.Event()
    given = [pool.submit(go_on.wait) for _ in range(3)]
    assert thread_work()
    go_on.set()
    assert [one.result() for one in given] == [True, True, True]
    pool.shutdown()  # the last one to have told that it is done
    assert not thread_work()


def test_idle_threads_that_their_pool_counts_as_busy_are_not_waited_for(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's pool counts so for good after a race of two threads; each test took six seconds then."""
    pool.submit(int)
    pool._idle_semaphore.acquire()  # type: ignore[attr-defined]  # as what comes next does, which another thread takes
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    settle()
    drain(observed_with().recorder)
    assert waits == []


def test_a_drain_waits_for_what_threads_have_begun(pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that is about to say what a call cost has said it when the drain is over."""
    go_on, heard = threading.Event(), list[str]()

    def tell() -> None:
        go_on.wait()
        heard.append("success")

    pool.submit(tell)
    monkeypatch.setattr(time, "sleep", lambda _: go_on.set())
    drain(observed_with().recorder)
    assert heard == ["success"]


def test_the_pool_is_left_as_it_was() -> None:
    """A run within a run takes back its own count alone; nothing is left in the pool by either."""
    with ThreadPoolExecutor(max_workers=1) as pool, pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, MODULE, SimpleNamespace(executor=pool))  # type: ignore[arg-type]
        outer, inner = ThreadWork(), ThreadWork()
        outer.attach()
        wrapped = vars(pool)["submit"]
        inner.attach()
        inner.detach()
        assert vars(pool)["submit"] is wrapped
        outer.detach()
        assert "submit" not in vars(pool)
