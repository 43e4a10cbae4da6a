"""Our place in litellm's callback lists."""

from __future__ import annotations

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
