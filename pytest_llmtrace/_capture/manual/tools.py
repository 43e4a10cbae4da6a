"""`llmtrace.tool`: executions of an application's tools, observed, and where asked for replayed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, overload

from pytest_llmtrace._capture.enclosing import observing
from pytest_llmtrace._capture.manual.wrapping import Scope, wrapped

Function = TypeVar("Function", bound=Callable[..., Any])


@overload
def tool(function: Function, /) -> Function: ...
@overload
def tool(*, name: str | None = None, replay: bool = False) -> Callable[[Function], Function]: ...
def tool(function: Any = None, /, *, name: str | None = None, replay: bool = False) -> Any:
    """Record each execution of a function: its name, its arguments as they were given, its result or its error.

    Works for functions, methods, coroutine functions and generators. ``@tool``, or ``@tool(name="search")``.

    Args:
        function: The tool.
        name: What the trace calls it; by default the function's own name.
        replay: Whether replay returns the recorded result, or raises the recorded error, and does not execute the
            tool: for tools that cost money, are slow, or answer differently each time. Results must then be what JSON
            can hold. Whatever the tool does inside, calls of models included, is no part of the trace.

    Raises:
        TypeError: `replay` is asked for a generator.
    """
    if function is None:
        return lambda decorated: tool_of(decorated, name, replay=replay)
    return tool_of(function, name, replay=replay)


def tool_of(function: Any, name: str | None, *, replay: bool) -> Any:
    """The function, observed."""
    plain = getattr(function, "__func__", function)
    if replay and (inspect.isgeneratorfunction(plain) or inspect.isasyncgenfunction(plain)):
        raise TypeError(f"llmtrace.tool(replay=True) cannot replay the generator {plain.__name__!r}")
    shown = name or str(getattr(plain, "__name__", type(plain).__name__))

    def opened(called: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Scope | None:
        recorder = observing()
        if recorder is None:
            return None
        from pytest_llmtrace._capture.manual.executions import execution  # noqa: PLC0415 - only in a traced test

        return execution(recorder, shown, called, args, kwargs, replay=replay)

    return wrapped(function, opened, replay=replay)
