"""Our place in litellm's callback lists."""

from __future__ import annotations

import weakref

from pytest_llmtrace._capture.from_litellm.logger import LISTS, RESET, Logger


def test_a_detached_logger_never_comes_back(litellm):
    """An import hook that fires after the run is over leaves litellm as it is."""
    before = {name: list(getattr(litellm, name)) for name in LISTS}
    logger = Logger()
    logger.attach()
    assert RESET in vars(litellm.logging_callback_manager)
    assert all(len(getattr(litellm, name)) == len(before[name]) + 1 for name in LISTS)
    logger.detach()
    logger.attach()
    assert {name: list(getattr(litellm, name)) for name in LISTS} == before
    assert RESET not in vars(litellm.logging_callback_manager)


def test_a_call_that_is_over_keeps_nothing_of_litellms_alive(litellm, observed):
    """What litellm says of a call is freed when litellm lets go of it, and not when a garbage collection finds it."""
    logger = Logger()
    logger.attach()
    callback = litellm.success_callback[-1]

    class Held:
        """What litellm made for the call."""

    held = Held()
    kwargs = {"model": "m", "call_type": "completion", "optional_params": {"n": 1}, "stream": False, "held": held}
    known = weakref.ref(held)
    callback.log_pre_api_call("m", [], kwargs)
    (call,) = observed.recorder.litellm_calls
    assert call.kwargs is kwargs
    callback.log_success_event(kwargs, None, None, None)
    logger.detach()

    del kwargs, held

    assert known() is None
    assert call.kwargs == {"call_type": "completion", "model": "m", "optional_params": {"n": 1}, "stream": False}
    assert call.succeeded
