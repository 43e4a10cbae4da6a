"""How phases of a test end."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_llmtrace._run.outcomes import drained, fail


async def _coroutine() -> None:
    """One."""


def _function() -> None:
    """None."""


def _wrapped() -> Callable[..., Any]:
    return functools.wraps(_coroutine)(lambda: None)


class _Tests:
    async def coroutine(self) -> None:
        """One."""

    def function(self) -> None:
        """None."""


@pytest.mark.parametrize(
    ("test", "drains"),
    [
        (_coroutine, True),
        (_Tests().coroutine, True),
        (functools.partial(_coroutine), True),
        (pytest.mark.skip(_coroutine), True),
        (_function, False),
        (_Tests().function, False),
        (functools.partial(_function), False),
        (_wrapped(), False),
        (None, False),
    ],
)
def test_a_coroutine_test_drains_litellm_in_its_loop(test: Any, drains: bool) -> None:
    """Whatever kind of function it is, and whatever marks it has; others are left as they are, and put back after."""
    item: Any = SimpleNamespace(obj=test, instance=None)
    undo = drained(item)
    assert (undo is not None) is drains is (item.obj is not test)
    if undo is not None:
        undo()
    assert item.obj is test


@pytest.mark.skipif(not hasattr(inspect, "markcoroutinefunction"), reason="Python 3.12 has it")
def test_a_function_that_is_marked_as_a_coroutine_drains_too() -> None:
    """What its code does not say, its mark does."""

    def test() -> Any:
        return _coroutine()

    item: Any = SimpleNamespace(obj=inspect.markcoroutinefunction(test), instance=None)  # type: ignore[attr-defined]
    assert drained(item) is not None


@pytest.mark.parametrize("skipped", [False, True])
def test_no_text_of_a_failure_acts_on_a_terminal(skipped: bool) -> None:
    """An error that quotes a file or its name is made harmless at the last moment, as all that a phase ends with."""
    with pytest.raises((pytest.fail.Exception, pytest.skip.Exception)) as raised:
        fail("\x1b]0;a\x07 \u202e.yaml: broken\n::error::no", skipped=skipped)
    assert raised.value.msg == "\\x1b]0;a\\x07 \\u202e.yaml: broken\n\\x3a:error::no"
