"""Instrumentation that wraps HTTP transports, as OpenTelemetry's does: it stays in place, with our stub below it.

A patch that simply replaces the method would take the instrumentation away, and spans with it; vcrpy, imported late,
would take the instrumented method for the original, and every live call would have two spans.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock


def wrapped_by_others(owner: Any, name: str) -> bool:
    """Whether a method is wrapped by somebody who uses wrapt."""
    return _is_wrapper(vars(owner).get(name)) if isinstance(owner, type) else False


@contextlib.contextmanager
def below(owner: Any, name: str, ours: Any) -> Iterator[None]:
    """Put our version below the wrappers of a method, and later what was there before, wrapped or not any more."""
    found = vars(owner)[name]
    rewrapped = _rewrapped(found, ours)
    setattr(owner, name, rewrapped)
    try:
        yield
    finally:
        now = vars(owner).get(name)
        if now is rewrapped:
            setattr(owner, name, found)
        elif now is ours:  # the wrappers were taken away meanwhile
            setattr(owner, name, _innermost(found))


@contextlib.contextmanager
def bare_originals(patch: Any) -> Iterator[None]:
    """While it lasts, vcrpy's originals are what lies below all wrappers."""
    with contextlib.ExitStack() as stack:
        for name, value in vars(patch).copy().items():
            if name.startswith("_Httpx") and _is_wrapper(value):
                stack.enter_context(mock.patch.object(patch, name, _innermost(value)))
        yield


def _rewrapped(found: Any, ours: Any) -> Any:
    if not _is_wrapper(found):
        return ours
    return type(found)(_rewrapped(found.__wrapped__, ours), found._self_wrapper)  # noqa: SLF001  # wrapt's documented name


def _innermost(found: Any) -> Any:
    while _is_wrapper(found):
        found = found.__wrapped__
    return found


def _is_wrapper(value: Any) -> bool:
    from wrapt import BoundFunctionWrapper, FunctionWrapper  # noqa: PLC0415  # only where something is traced

    return isinstance(value, (FunctionWrapper, BoundFunctionWrapper))
