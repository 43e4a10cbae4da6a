"""Functions of every kind with something observed around them: plain, coroutine, generator, asynchronous generator.

The wrapped function is of the same kind, and what passes through it (values sent in, exceptions thrown in, early
ends) is passed on. Between two steps of a generator nothing is around the code that consumes it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, Final

from pytest_llmtrace._capture.enclosing import observing
from pytest_llmtrace._capture.faults import Faults, noting, stopping

_WHAT: Final = "an execution could not be recorded"


class Scope:
    """What is around one execution of a function."""

    replays = False
    """Whether `replayed` answers and the function is not to be executed."""

    def enter(self) -> None:
        """The function is about to run, or to go on."""

    def leave(self) -> None:
        """The function has ended, or waits to go on."""

    def chunk(self, value: Any) -> None:
        """A generator has given a value."""

    def returned(self, value: Any) -> None:
        """The function has ended with a value."""

    def raised(self, error: BaseException) -> None:
        """The function has ended with an exception; a generator that was closed early with `GeneratorExit`."""

    def replayed(self) -> Any:
        """The value that stands for an execution. Raises: the exception that does."""


Opening = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Scope | None]
"""Makes the scope of one execution, from the function and its arguments; `None`: there is nothing to observe."""


class _Careful(Scope):
    """A scope that a bug of ours does not leave: the application goes on, and the test is told."""

    def __init__(self, scope: Scope, faults: Faults) -> None:
        self._scope = scope
        self._faults = faults
        self.replays = scope.replays
        self.replayed = scope.replayed  # type: ignore[method-assign]  # what it raises is meant

    def enter(self) -> None:
        with noting(self._faults, _WHAT):
            self._scope.enter()

    def leave(self) -> None:
        with noting(self._faults, _WHAT):
            self._scope.leave()

    def chunk(self, value: Any) -> None:
        with noting(self._faults, _WHAT):
            self._scope.chunk(value)

    def returned(self, value: Any) -> None:
        with noting(self._faults, _WHAT):
            self._scope.returned(value)

    def raised(self, error: BaseException) -> None:
        with noting(self._faults, _WHAT):
            self._scope.raised(error)


def wrapped(function: Any, opening: Opening, *, replay: bool = False) -> Any:
    """The function with a scope around each execution.

    Args:
        function: The function.
        opening: Makes the scopes.
        replay: Whether they may replay: then a bug in making one stops the test, and runs nothing.
    """

    def opened(called: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Scope | None:
        recorder = observing()
        if recorder is None:
            return None
        with stopping(recorder, _WHAT) if replay else noting(recorder.faults, _WHAT):
            scope = opening(called, args, kwargs)
            return None if scope is None else _Careful(scope, recorder.faults)
        return None

    return _wrapped(function, opened)


def _wrapped(function: Any, opening: Opening) -> Any:
    if isinstance(function, staticmethod | classmethod):
        return type(function)(_wrapped(function.__func__, opening))
    if inspect.isasyncgenfunction(function):
        return _of_async_generator(function, opening)
    if inspect.isgeneratorfunction(function):
        return _of_generator(function, opening)
    if inspect.iscoroutinefunction(function):
        return _of_coroutine(function, opening)
    return _of_function(function, opening)


def _of_function(function: Callable[..., Any], opening: Opening) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        scope = opening(function, args, kwargs)
        if scope is None:
            return function(*args, **kwargs)
        if scope.replays:
            return scope.replayed()
        scope.enter()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            scope.raised(error)
            raise
        finally:
            scope.leave()
        # A function that is none of the other kinds may still give their results: a lambda, a partial, a decorator.
        kind = type(result)  # `isinstance` asks the object itself, which is the application's
        if kind is CoroutineType:
            return _awaited(result, scope)
        if kind is GeneratorType:
            return _stepped(result, scope)
        if kind is AsyncGeneratorType:
            return _stepped_async(result, scope)
        scope.returned(result)
        return result

    return run


def _of_coroutine(function: Callable[..., Any], opening: Opening) -> Callable[..., Any]:
    @functools.wraps(function)
    async def run(*args: Any, **kwargs: Any) -> Any:
        scope = opening(function, args, kwargs)
        if scope is None:
            return await function(*args, **kwargs)
        if scope.replays:
            return scope.replayed()
        return await _awaited(function(*args, **kwargs), scope)

    return run


def _of_generator(function: Callable[..., Any], opening: Opening) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        scope = opening(function, args, kwargs)
        generator = function(*args, **kwargs)
        return (yield from (generator if scope is None else _stepped(generator, scope)))

    return run


def _of_async_generator(function: Callable[..., Any], opening: Opening) -> Callable[..., Any]:
    @functools.wraps(function)
    async def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        scope = opening(function, args, kwargs)
        generator = function(*args, **kwargs)
        if scope is not None:
            generator = _stepped_async(generator, scope)
        resume = generator.__anext__
        while True:
            try:
                value = await resume()
            except StopAsyncIteration:
                return
            try:
                sent = yield value
            except GeneratorExit:
                await generator.aclose()
                raise
            except BaseException as error:  # noqa: BLE001 - thrown in by the consumer: passed on
                resume = functools.partial(generator.athrow, error)
            else:
                resume = functools.partial(generator.asend, sent)

    return run


async def _awaited(coroutine: Coroutine[Any, Any, Any], scope: Scope) -> Any:
    scope.enter()
    try:
        result = await coroutine
    except BaseException as error:
        scope.raised(error)
        raise
    finally:
        scope.leave()
    scope.returned(result)
    return result


def _stepped(generator: Generator[Any, Any, Any], scope: Scope) -> Generator[Any, Any, Any]:
    resume: Callable[[], Any] = functools.partial(next, generator)
    while True:
        scope.enter()
        try:
            value = resume()
        except StopIteration as end:
            scope.returned(end.value)
            return end.value
        except BaseException as error:
            scope.raised(error)
            raise
        finally:
            scope.leave()
        scope.chunk(value)
        try:
            sent = yield value
        except GeneratorExit as error:
            scope.raised(error)
            scope.enter()
            try:
                generator.close()
            finally:
                scope.leave()
            raise
        except BaseException as error:  # noqa: BLE001 - thrown in by the consumer: passed on
            resume = functools.partial(generator.throw, error)
        else:
            resume = functools.partial(generator.send, sent)


async def _stepped_async(generator: AsyncGenerator[Any, Any], scope: Scope) -> AsyncGenerator[Any, Any]:
    resume: Callable[[], Any] = generator.__anext__
    while True:
        scope.enter()
        try:
            value = await resume()
        except StopAsyncIteration:
            scope.returned(None)
            return
        except BaseException as error:
            scope.raised(error)
            raise
        finally:
            scope.leave()
        scope.chunk(value)
        try:
            sent = yield value
        except GeneratorExit as error:
            scope.raised(error)
            scope.enter()
            try:
                await generator.aclose()
            finally:
                scope.leave()
            raise
        except BaseException as error:  # noqa: BLE001 - likewise
            resume = functools.partial(generator.athrow, error)
        else:
            resume = functools.partial(generator.asend, sent)
