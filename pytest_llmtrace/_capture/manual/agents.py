"""`llmtrace.agent`: who makes the calls inside it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Self, TypeVar

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.enclosing import labels_here
from pytest_llmtrace._capture.labels import Labels, current_labels
from pytest_llmtrace._capture.manual.wrapping import Scope, wrapped

Function = TypeVar("Function", bound=Callable[..., Any])

_entered: ContextVar[tuple[tuple[Labels, bool], ...]] = ContextVar("llmtrace_entered", default=())
"""For each agent that this context is in, the outermost first: the labels around it, and whether it holds threads.

Kept in the context and not on the agent, so that one agent may be entered by several tasks and threads at once.
"""


def agent(
    name: str | None = None, *, session: str | None = None, parent: str | None = None, task: str | None = None
) -> Agent:
    """Label every LLM call, tool call and event inside: ``with``, ``async with``, or a decorator.

    Labels reach what is awaited, tasks created inside, and, in a traced test, threads started inside and work
    submitted inside to a `ThreadPoolExecutor`. An agent inside another one has the outer one's session and task, and
    the outer one as its parent, where it does not say otherwise.

    Args:
        name: The agent's name.
        session: The conversation that its calls belong to.
        parent: The session or agent that started this one.
        task: The task that it works on.
    """
    return Agent(Labels(agent=_text(name), session=_text(session), parent=_text(parent), task=_text(task)))


class Agent(Scope):
    """A label for what happens inside; made by `agent`. May be entered any number of times."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels

    def __enter__(self) -> Self:
        self.enter()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    async def __aenter__(self) -> Self:
        self.enter()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    def __call__(self, function: Function) -> Function:
        """The function, labelled: each of its executions is inside."""
        made: Function = wrapped(function, lambda *_: self)
        return made

    def enter(self) -> None:
        """What follows in this context is inside."""
        around = current_labels.get()
        holds = current() is not None
        if holds:
            from pytest_llmtrace._capture.threads import hold  # noqa: PLC0415 - only in a traced test

            hold()
        _entered.set((*_entered.get(), (around, holds)))
        current_labels.set(self._labels.inside(labels_here()))

    def leave(self) -> None:
        """What follows in this context is outside again; nothing, where another context entered."""
        entered = _entered.get()
        if not entered:
            return
        around, holds = entered[-1]
        _entered.set(entered[:-1])
        current_labels.set(around)
        if holds:
            from pytest_llmtrace._capture.threads import release  # noqa: PLC0415 - likewise

            release()


def _text(value: object) -> str | None:
    return None if value is None else str(value)
