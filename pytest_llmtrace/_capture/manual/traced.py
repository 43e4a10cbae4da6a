"""`llmtrace.traced`: a function whose every execution is one call of a model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, overload

from pytest_llmtrace._capture.enclosing import observing
from pytest_llmtrace._capture.manual.calls import Call, Record
from pytest_llmtrace._capture.manual.wrapping import Scope, wrapped

Function = TypeVar("Function", bound=Callable[..., Any])


@overload
def traced(function: Function, /) -> Function: ...
@overload
def traced(
    *, provider: str = "", model: str = "", params: Any = None, tools: Any = None, operation: str = "chat"
) -> Callable[[Function], Function]: ...
def traced(
    function: Any = None,
    /,
    *,
    provider: str = "",
    model: str = "",
    params: Any = None,
    tools: Any = None,
    operation: str = "chat",
) -> Any:
    """Record each execution of a function as one call of a model. ``@traced``, or ``@traced(model="m1")``.

    Works for functions, methods, coroutine functions and generators. Output and usage are taken from the result: a
    text, a message, the response of any SDK (a dict or an object), or the chunks that a generator gives; a generator
    that is closed early is an abandoned call. The input is taken from the arguments: a list of messages, else the
    first text; besides arguments called `system`, `model`, `provider`, `tools`, and those with the names of common
    parameters (`temperature`, `max_tokens`, ...). HTTP requests to a model that are made inside know better.

    Args:
        function: What calls the model.
        provider: Who answers.
        model: The model, without the provider.
        params: What else shapes the answer.
        tools: The schemas of the tools that are offered.
        operation: The kind of call: ``chat``, ``embeddings``, ...
    """
    given = {name: value for name, value in (("params", params), ("tools", tools)) if value is not None}

    def opened(called: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Scope | None:
        recorder = observing()
        if recorder is None:
            return None
        call = Call(provider, model, operation, dict(given))
        stated = {*given, *(name for name, value in (("provider", provider), ("model", model)) if value)}
        record = call.begin(recorder, stated=frozenset(stated))
        try:
            ask(call, called, args, kwargs)
        except Exception as error:  # noqa: BLE001 - whatever the arguments are, the application goes on
            record.unreadable.append(("arguments", type(error).__name__))
        return _Around(record)

    return (lambda decorated: wrapped(decorated, opened)) if function is None else wrapped(function, opened)


class _Around(Scope):
    """What is around one execution of a traced function."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def enter(self) -> None:
        self._record.enter()

    def leave(self) -> None:
        self._record.leave()

    def chunk(self, value: Any) -> None:
        self._record.heard(value)

    def returned(self, value: Any) -> None:
        kind = type(value)
        if self._record.streamed:
            self._record.keep("returned", value)
        elif not any(hasattr(kind, name) for name in ("__next__", "__anext__", "__await__")):
            self._record.keep("output", value)  # a stream of an SDK says what it says later, to whoever reads it
        self._record.end(None)

    def raised(self, error: BaseException) -> None:
        self._record.end(error)


def ask(call: Call, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Take what a call asks from the arguments of its function; what was stated stays."""
    values = arguments(function, args, kwargs)
    for name in ("provider", "model"):
        value = values.pop(name, None)
        if isinstance(value, str) and not getattr(call, name):
            setattr(call, name, value)
    params = {name: values.pop(name) for name in PARAMS if values.get(name) is not None}
    if params:
        call.params = {**params, **call.params}
    tools = values.pop("tools", None)
    if isinstance(tools, list | tuple) and tools and not call.tools:
        call.tools = tools
    messages = history(values)
    if messages:
        call.messages = messages


def arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name, defaults included, without `self`; those given as ``**kwargs`` among them."""
    try:
        signature = inspect.signature(function)
        bound = signature.bind(*args, **kwargs)
    except (TypeError, ValueError):  # wrong arguments, which the call itself will tell; or a builtin
        return {**{str(place): value for place, value in enumerate(args)}, **kwargs}
    bound.apply_defaults()
    values = dict(bound.arguments)
    for place, (name, parameter) in enumerate(signature.parameters.items()):
        if place == 0 and name in ("self", "cls"):
            del values[name]
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            values.update(values.pop(name))
    return values


def history(values: dict[str, Any]) -> list[Any]:
    """The messages among arguments: a list of them, else the first text; the instructions before them."""
    system = next((values.pop(name) for name in SYSTEM if isinstance(values.get(name), str)), None)
    found = next((list(value) for value in values.values() if is_history(value)), None)
    if found is None:
        text = next((value for value in values.values() if isinstance(value, str)), None)
        found = [] if text is None else [{"role": "user", "content": text}]
    return [{"role": "system", "content": system}, *found] if system else found


def is_history(value: Any) -> bool:
    """Whether an argument is a list of messages."""
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(
        "role" in one if isinstance(one, Mapping) else hasattr(one, "role") or hasattr(one, "content") for one in value
    )


SYSTEM: Final = ("system", "system_prompt", "instructions")
PARAMS: Final = (
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "stop",
    "seed",
    "response_format",
    "tool_choice",
    "reasoning_effort",
    "frequency_penalty",
    "presence_penalty",
)
"""Arguments that are parameters of a call."""
