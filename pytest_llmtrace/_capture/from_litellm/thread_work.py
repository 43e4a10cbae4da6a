"""Work that litellm gives to its thread pool, counted until it is done: that is where it tells of calls.

What the pool itself says of its idle threads is no answer. When a thread that has just finished takes the work that an
idle one was to wake for, that one is counted as busy for good, and who waits for it waits in vain, after each test.
"""

from __future__ import annotations

import functools
import sys
import threading
from concurrent.futures import Future
from typing import Any, Final

MODULE: Final = "litellm.litellm_core_utils.thread_pool_executor"

_PENDING: Final[set[Future[Any]]] = set()
"""What was given to the pool and is not done; of the process, as the pool is."""


class ThreadWork:
    """Counts what is given to litellm's pool, until it is detached."""

    def __init__(self) -> None:
        self._pool: Any = None
        self._before: Any = None
        self._counting: Any = None

    def attach(self) -> None:
        """Count from now on, where litellm has made its pool."""
        pool = getattr(sys.modules.get(MODULE), "executor", None)
        if pool is None or self._pool is not None:
            return
        given = pool.submit
        self._pool, self._before = pool, vars(pool).get("submit")

        @functools.wraps(given)
        def submit(*args: Any, **kwargs: Any) -> Any:
            future = given(*args, **kwargs)
            _PENDING.add(future)
            future.add_done_callback(_PENDING.discard)  # at once where the pool has refused it
            return future

        pool.submit = self._counting = submit

    def detach(self) -> None:
        """Leave the pool as it was, unless somebody else wraps it by now."""
        if self._pool is None or vars(self._pool).get("submit") is not self._counting:
            return
        if self._before is None:
            del self._pool.submit
        else:
            self._pool.submit = self._before


def thread_work() -> bool:
    """Whether litellm's pool has work that is not done. In a fork there is nobody who would do it."""
    return bool(_PENDING) and threading.active_count() > 1
