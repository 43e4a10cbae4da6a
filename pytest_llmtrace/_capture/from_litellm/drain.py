"""Waiting for litellm's events, which it delivers later, in other threads and tasks, or not at all.

The only module that touches litellm's private logging worker. Waiting stops when nothing is on its way any more, not
after a fixed time: a cancelled call or an abandoned stream never ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from pytest_llmtrace._capture.from_litellm.thread_work import thread_work
from pytest_llmtrace._capture.recorder import Recorder

QUIET: Final = 0.05
"""Seconds without a sign of pending work after which nothing more is expected."""

LONGEST: Final = 5.0
"""Seconds after which waiting ends whatever is pending."""

_FLUSH: Final = 2.0
_WORKER: Final = "litellm.litellm_core_utils.logging_worker"


def drain(recorder: Recorder) -> None:
    """Deliver what litellm still owes this recorder, from outside of any event loop; wait for answers in threads.

    A request that a thread has sent is paid for: its answer belongs to the test that sent it, not to nobody.
    """
    if _owes_nothing(recorder):
        return
    began = quiet_since = now = time.monotonic()
    while now < began + LONGEST:
        if _queued() and not _in_event_loop():
            _run_flush()
            quiet_since = time.monotonic()
        elif thread_work() or _in_flight(recorder):
            # A cache hit is first heard of when its event comes: nothing is open until then.
            quiet_since = time.monotonic()
        elif not _open(recorder) or time.monotonic() - quiet_since > QUIET:
            return
        time.sleep(0.001)
        now = time.monotonic()


def settle() -> None:
    """Wait for what litellm's threads are about to say, so that a trace read in mid-test is complete."""
    deadline = time.monotonic() + 1.0
    while thread_work() and time.monotonic() < deadline:
        time.sleep(0.001)


async def drain_in_loop() -> None:
    """Deliver what litellm has queued in the running loop, then stop its worker, which would die with the loop."""
    worker = _worker()
    if worker is None or not _in_event_loop():  # trio runs coroutines too, and litellm's worker knows asyncio alone
        return
    for _ in range(3):  # litellm creates a task that creates the queue entry
        await asyncio.sleep(0)
    await _delivered(worker)


def draining(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a coroutine test function so that it drains litellm before its loop goes away."""

    @functools.wraps(function)
    async def drained(*args: Any, **kwargs: Any) -> Any:
        try:
            return await function(*args, **kwargs)
        finally:
            await drain_in_loop()

    return drained


def _owes_nothing(recorder: Recorder) -> bool:
    """Whether there is nothing to wait for, as nearly always where litellm is not imported: told in one step."""
    if _WORKER in sys.modules or recorder.litellm_calls or thread_work():
        return False
    for one in recorder.exchanges:  # noqa: SIM110  # a generator takes three steps more
        if one.ended is None:
            return False
    return True


def _open(recorder: Recorder) -> bool:
    return any(call.open for call in recorder.litellm_calls) if recorder.litellm_calls else False


def _in_flight(recorder: Recorder) -> bool:
    """Whether another thread waits for the answer of a model. A task waits in vain where its loop has stopped."""
    waiting = [one for one in recorder.exchanges if one.ended is None]
    if not waiting:
        return False
    here = threading.current_thread()
    return any(one.is_llm and one.thread.is_alive() and one.thread is not here for one in waiting)


def _worker() -> Any:
    module = sys.modules.get(_WORKER)
    return getattr(module, "GLOBAL_LOGGING_WORKER", None)


def _queued() -> bool:
    worker = _worker()
    if worker is None:
        return False
    queue = getattr(worker, "_queue", None)
    if queue is not None and queue.qsize():
        return True
    unstarted = getattr(worker, "_unstarted_dequeued_tasks", None)
    return bool(unstarted()) if callable(unstarted) else False


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _run_flush() -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_delivered(_worker()))
    finally:
        loop.close()


async def _delivered(worker: Any) -> None:
    """Deliver what is queued in the running loop, then stop the worker.

    Earlier versions (1.83) flush less: callbacks that have begun are not waited for, and the stop would cancel them;
    what an earlier loop left queued is waited for as if its worker still ran.
    """

    async def all_of_it() -> None:
        if getattr(worker, "_bound_loop", None) is asyncio.get_running_loop():
            await worker.flush()
            await worker._queue.join()  # noqa: SLF001  # see the docstring of this module
        else:
            await worker.clear_queue()
            await worker.flush()

    with contextlib.suppress(Exception):
        await asyncio.wait_for(all_of_it(), _FLUSH)
    with contextlib.suppress(Exception):
        await worker.stop()
