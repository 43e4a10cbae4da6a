"""Waiting for what litellm has queued, with a worker that flushes as little as that of litellm 1.83 does."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_llmtrace._capture.from_litellm.drain import drain, drain_in_loop
from tests.unit.capture.conftest import observed_with


class EarlyWorker:
    """Takes from its queue in a task; a flush waits neither for what was taken, nor for itself in another loop."""

    _queue: asyncio.Queue[Coroutine[Any, Any, None]]
    _bound_loop: asyncio.AbstractEventLoop

    def enqueue(self, *callbacks: Coroutine[Any, Any, None]) -> None:
        self._queue, self._bound_loop = asyncio.Queue(), asyncio.get_running_loop()
        for one in callbacks:
            self._queue.put_nowait(one)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks.append(asyncio.create_task(self._take()))

    async def _take(self) -> None:
        while True:
            self._tasks.append(asyncio.create_task(self._done(await self._queue.get())))

    async def _done(self, callback: Coroutine[Any, Any, None]) -> None:
        try:
            await callback
        finally:
            self._queue.task_done()

    async def flush(self) -> None:
        while not self._queue.empty():
            await self._queue.join()

    async def clear_queue(self) -> None:
        while not self._queue.empty():
            await self._done(self._queue.get_nowait())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest.fixture
def worker() -> Iterator[EarlyWorker]:
    """In litellm's place."""
    made = EarlyWorker()
    with pytest.MonkeyPatch.context() as patch:
        module = SimpleNamespace(GLOBAL_LOGGING_WORKER=made)
        patch.setitem(sys.modules, "litellm.litellm_core_utils.logging_worker", module)  # type: ignore[arg-type]
        yield made


async def told(heard: list[str]) -> None:
    """A callback that takes a moment."""
    for _ in range(5):
        await asyncio.sleep(0)
    heard.append("success")


def test_a_callback_that_has_begun_is_not_cancelled(worker: EarlyWorker) -> None:
    """The loop of a test ends when it has said what it has to say."""
    heard: list[str] = []

    async def run() -> None:
        worker.enqueue(told(heard), told(heard))
        worker.start()
        await asyncio.sleep(0)
        await drain_in_loop()

    asyncio.run(run())
    assert heard == ["success", "success"]


def test_what_a_loop_that_is_over_left_queued_is_delivered(worker: EarlyWorker) -> None:
    """In another loop, and at once: nobody is there to wait for."""
    heard: list[str] = []

    async def run() -> None:
        worker.enqueue(told(heard))

    asyncio.run(run())
    drain(observed_with().recorder)
    assert (heard, worker._queue.qsize()) == (["success"], 0)
