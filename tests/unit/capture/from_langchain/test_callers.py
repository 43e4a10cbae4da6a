"""Who makes a call: tags, names and metadata of LangChain runs, and our own labels around them."""

from __future__ import annotations

import asyncio
import threading

import pytest

import pytest_llmtrace as llmtrace


@pytest.fixture
def run(chat):
    """Runs a chain around a model: what it is told, and what it does inside."""
    from langchain_core.runnables import RunnableLambda

    def made(config, inside=None):
        return RunnableLambda(inside or (lambda text: chat("a").invoke(text))).invoke("q", config)

    return made


def labels(call):
    return call.agent, call.parent, call.session


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, ("lead_agent", None, None)),
        ({"tags": ["lead_agent"]}, ("lead_agent", None, None)),
        ({"tags": ["mine", "subagent:research"]}, ("subagent:research", None, None)),
        ({"tags": ["middleware:summary"]}, ("middleware:summary", None, None)),
        ({"tags": ["agent:planner"]}, ("planner", None, None)),
        ({"run_name": "subagent:research"}, ("subagent:research", None, None)),
        ({"metadata": {"lc_agent_name": "writer"}}, ("writer", None, None)),
        ({"metadata": {"agent_name": "writer"}}, ("writer", None, None)),
        ({"metadata": {"langgraph_node": "Summary.before_model"}}, ("middleware:Summary", None, None)),
        ({"metadata": {"langgraph_node": "model"}}, ("lead_agent", None, None)),
        ({"metadata": {"session_id": "s1"}}, ("lead_agent", None, "s1")),
        ({"metadata": {"conversation_id": "s2"}}, ("lead_agent", None, "s2")),
        ({"configurable": {"thread_id": "t1"}}, ("lead_agent", None, "t1")),
    ],
)
def test_what_a_run_is_told_labels_its_calls(observed, run, config, expected):
    """Nothing said: the lead agent."""
    run(config)
    assert labels(observed.call) == expected


def test_a_caller_inside_of_another_has_that_as_its_parent(observed, run, chat):
    """However deep, with the session of the whole; what the inner one inherits makes no caller of its own."""
    inner = {"tags": ["middleware:trim"]}
    middle = lambda _: run({"tags": ["subagent:b"]}, lambda _: chat("a").invoke("deep", inner))  # noqa: E731
    run({"tags": ["lead_agent"], "metadata": {"session_id": "s"}}, lambda _: run({"tags": ["subagent:a"]}, middle))
    assert labels(observed.call) == ("middleware:trim", "subagent:b", "s")


def test_calls_of_a_plain_sdk_inside_a_run_have_its_labels(observed, run):
    """HTTP that no LangChain model makes, also in a thread that the application starts; after the run it has none."""

    def inside(_):
        observed.chat("direct", "x")
        thread = threading.Thread(target=observed.chat, args=("thread", "x"))
        thread.start()
        thread.join()

    run({"tags": ["subagent:raw"]}, inside)
    observed.chat("after", "x")
    seen = {call.messages[0].text: call.agent for call in observed.calls}
    assert seen == {"direct": "subagent:raw", "thread": "subagent:raw", "after": None}


def test_a_thread_without_the_context_is_inside(observed, run, chat):
    """A LangChain model asked in a thread that knows nothing of the run around it."""

    def inside(_):
        thread = threading.Thread(target=chat("a").invoke, args=("q",))
        thread.start()
        thread.join()

    run({"tags": ["subagent:raw"]}, inside)
    assert labels(observed.call) == ("subagent:raw", None, None)


def test_our_own_labels_reach_langchain(observed, run, chat):
    """Around a run, `llmtrace.agent` names the caller where LangChain names none, else its parent; inside it wins."""

    def inside(_):
        with llmtrace.agent("inner"):
            chat("a").invoke("q")

    with llmtrace.agent("outer", session="s"):
        run({})
        run({"tags": ["subagent:x"]})
        run({"tags": ["subagent:x"]}, inside)
    assert [labels(call) for call in observed.calls] == [
        ("outer", None, "s"),
        ("subagent:x", "outer", "s"),
        ("inner", "subagent:x", "s"),
    ]


def test_parallel_callers_are_not_mixed_up(observed, chat):
    """Tasks that run at once keep their own labels."""
    from langchain_core.runnables import RunnableLambda

    async def inside(text):
        await asyncio.sleep(0)
        await chat("a").ainvoke(text)

    async def go():
        chain = RunnableLambda(inside)
        await asyncio.gather(*(chain.ainvoke(name, {"tags": [f"subagent:{name}"]}) for name in "abc"))

    asyncio.run(go())
    assert [(call.messages[0].text, call.agent) for call in observed.calls] == [
        (name, f"subagent:{name}") for name in "abc"
    ]
