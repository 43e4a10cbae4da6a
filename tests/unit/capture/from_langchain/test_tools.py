"""LangChain tools as executions."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

import pytest_llmtrace as llmtrace
from pytest_llmtrace._capture.from_langchain.tools import _arguments
from pytest_llmtrace._model.trajectory import tool_calls


@pytest.fixture
def add():
    """A tool."""
    from langchain_core.tools import tool

    @tool
    def add(a: int, b: int = 1) -> int:
        """Add."""
        if a < 0:
            raise ValueError("negative")
        return a + b

    return add


def requested(name, call_id, **arguments):
    return {"type": "tool_call", "name": name, "id": call_id, "args": arguments}


@pytest.fixture
def asked(observed, chat):
    """A model has asked for a tool: without a call, tools alone are left alone."""

    def made(*calls):
        from langchain_core.messages import AIMessage

        chat(AIMessage("", tool_calls=list(calls))).invoke("q")
        return observed

    return made


def test_an_execution_joins_the_models_request(asked, add):
    """One entry: name, arguments, call id, result."""
    call = requested("add", "c1", a=1, b=2)
    observed = asked(call)
    add.invoke(call)
    (made,) = tool_calls(observed.trace)
    assert (made.name, made.arguments, made.call_id, made.result) == ("add", {"a": 1, "b": 2}, "c1", "3")
    assert (made.error, made.executed, made.agent) == (None, True, "lead_agent")


def test_an_asynchronous_execution_is_seen(asked, add):
    """Without a request the arguments are those that were given."""
    observed = asked()
    asyncio.run(add.ainvoke({"a": 1}))
    (made,) = observed.tools
    assert (made.name, made.arguments, made.result) == ("add", {"a": 1}, 2)


def test_an_error_is_kept(asked, add):
    """Raised, or handled by LangChain and told to the model."""
    observed = asked()
    with pytest.raises(ValueError, match="negative"):
        add.invoke({"a": -1})
    add.handle_tool_error = True
    add.handle_validation_error = lambda error: f"{error.error_count()} wrong"
    add.invoke(requested("add", "c1", a="one"))
    assert [(one.result, one.error) for one in observed.tools] == [
        (None, "ValueError: negative"),
        ("1 wrong", "1 wrong"),
    ]


def test_a_tool_that_is_ours_too_counts_once(asked):
    """The application's own decorator knows the result as it is; LangChain knows the id of the request."""
    from langchain_core.tools import tool

    @tool("look_up")
    @llmtrace.tool
    def find(key: str) -> dict[str, str]:
        """Find."""
        return {"key": key}

    call = requested("look_up", "c7", key="k")
    observed = asked(call)
    find.invoke(call)
    (made,) = observed.tools
    assert (made.name, made.arguments, made.result, made.call_id) == ("look_up", {"key": "k"}, {"key": "k"}, "c7")


def test_another_tool_of_ours_inside_is_another_execution(asked, add):
    """Only the tool itself is told by both."""
    from langchain_core.tools import tool

    @llmtrace.tool
    def inner(key: int) -> int:
        return key

    @tool
    def outer(word: str) -> int:
        """Outer."""
        return inner(7)

    observed = asked()
    outer.invoke({"word": "w"})
    assert [(one.name, one.arguments) for one in observed.tools] == [("outer", {"word": "w"}), ("inner", {"key": 7})]


def test_a_command_to_the_graph_holds_the_result(asked):
    """Tools may give a command whose update answers the model."""
    from langchain_core.messages import ToolMessage
    from langchain_core.tools import tool
    from langgraph.types import Command

    @tool
    def hand_over(to: str):
        """Hand over."""
        return Command(update={"messages": [ToolMessage(f"to {to}", tool_call_id="c1")]})

    observed = asked()
    hand_over.invoke(requested("hand_over", "c1", to="writer"))
    assert observed.tools[0].result == "to writer"


@pytest.mark.parametrize(
    ("inputs", "text", "expected"),
    [
        ({"a": 1, "state": SimpleNamespace(), "runtime": object()}, "", {"a": 1}),
        ({"state": "Ohio"}, "", {"state": "Ohio"}),
        (None, "{'a': 1}", {"a": 1}),
        (None, "some text", {"input": "some text"}),
        (None, "", {}),
    ],
)
def test_arguments_are_those_that_a_model_writes(inputs, text, expected):
    """What LangGraph injects is left out; older versions of LangChain have the arguments as text alone."""
    assert _arguments(inputs, text) == expected


def test_calls_inside_a_tool_are_not_its_own_tries(observed, chat, add):
    """A subagent that a tool asks is labelled, and has the caller of the tool as its parent."""
    from langchain_core.tools import tool

    @tool
    def ask(text: str) -> str:
        """Ask."""
        return chat("b").invoke(text, {"tags": ["subagent:x"]}).content

    with llmtrace.call(model="m1") as call:
        ask.invoke({"text": "why"})
        call.output = "done"
    assert [(one.name, one.agent, one.parent) for one in observed.calls] == [
        ("m1", None, None),
        ("Scripted", "subagent:x", "lead_agent"),
    ]


def test_tools_without_any_call_are_no_trace(observed, add):
    """A test that runs tools and chains alone is left alone."""
    add.invoke({"a": 1})
    assert observed.trace.entries == ()
