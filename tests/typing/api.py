"""Every public name as a typed project uses it. Checked by mypy and pyright (`make types`), never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

import pytest_llmtrace as llmtrace
from pytest_llmtrace import LLMTrace

assert_type(llmtrace.__version__, str)


def by_hand(answer: str) -> str:
    """Everything about a call may come at once, or later as an attribute."""
    with llmtrace.call(
        provider="acme",
        model="m1",
        messages=[{"role": "user", "content": "hi"}],
        params={"temperature": 0},
        tools=[],
        operation="chat",
    ) as call:
        call.output = answer
        call.usage = {"prompt_tokens": 10, "completion_tokens": 5}
        call.finish_reason = "stop"
        call.cache_hit = True
        call.fallback_to("acme", "m2", error="the first one was down")
        call.metadata = {"attempt": 2}
    assert_type(call.model, str)
    llmtrace.event("compaction", {"replaced": 3})
    llmtrace.event("done")
    return assert_type(call.name, str)


async def by_hand_async() -> None:
    """The same around what is awaited."""
    async with llmtrace.call(model="m1") as call, llmtrace.agent("lead"):
        assert_type(call.finish_reason, str | None)
        assert_type(call.cache_hit, bool)
        call.output = "ho"


@llmtrace.traced
def asks(question: str) -> str:
    """A decorated function keeps its own type."""
    return question


@llmtrace.traced(provider="acme", model="m1", params={"temperature": 0})
async def asks_async(question: str, *, loud: bool = False) -> str:
    """So does a coroutine function."""
    return question.upper() if loud else question


@llmtrace.traced(model="m1")
def streams(question: str) -> Iterator[str]:
    """And a generator."""
    yield from question


@llmtrace.traced(model="m1")
async def streams_async(question: str) -> AsyncIterator[str]:
    """And an asynchronous one."""
    for letter in question:
        yield letter


@llmtrace.tool
def look_up(order: str) -> dict[str, int]:
    """A tool."""
    return {order: 1}


@llmtrace.tool(name="search", replay=True)
async def searches(words: list[str]) -> list[str]:
    """A tool whose result is replayed."""
    return words


@llmtrace.agent("critic", session="s1", parent="lead", task="t1")
def criticises(text: str) -> int:
    """A function in which an agent is at work."""
    return len(text)


class Desk:
    """Methods are decorated like functions."""

    @llmtrace.traced(model="m1")
    def ask(self, question: str) -> str:
        """A method."""
        return question


async def use() -> None:
    """What the decorated functions take and give is what they did before."""
    assert_type(asks("hi"), str)
    assert_type(await asks_async("hi", loud=True), str)
    assert_type(streams("hi"), Iterator[str])
    assert_type(streams_async("hi"), AsyncIterator[str])
    assert_type(look_up("1"), dict[str, int])
    assert_type(await searches(["a"]), list[str])
    assert_type(criticises("a"), int)
    assert_type(Desk().ask("hi"), str)
    with llmtrace.agent("lead", session="s1"):
        asks("hi")


def test_typed(llm_trace: LLMTrace) -> None:
    """What the fixture says of a test."""
    assert_type(llm_trace.output, str | None)
    assert_type(llm_trace.first_user, str | None)
    assert_type(llm_trace.cost, float | None)
    assert_type(llm_trace.tool_names, list[str])
    assert_type(llm_trace.usage.input_tokens, int)
    assert_type(llm_trace.totals.calls, int)
    assert_type([call.model for call in llm_trace.calls], list[str])
    assert_type([call.cost for call in llm_trace.calls], list[float | None])
    assert_type([tool.name for tool in llm_trace.tools], list[str])
    assert_type([event.name for event in llm_trace.events], list[str])
    assert_type([one.label for one in llm_trace.conversations], list[str])


def refused() -> None:
    """What is no use of them is an error, for both: an ignored error that is none is one, too."""
    llmtrace.call(provider=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    llmtrace.event()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    llmtrace.agent("lead", sesion="s1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    asks(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    criticises("a").upper()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    llmtrace.unheard_of()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
