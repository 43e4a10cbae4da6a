"""Events of LangChain runs, and contexts that are rewritten."""

from __future__ import annotations

import asyncio

import pytest

from pytest_llmtrace._capture.from_langchain.events import described


@pytest.fixture
def events(observed, chat):
    """The events of a trace that has a call: without one there is none. As name, data, and whether it is compared."""

    def made():
        chat("a").invoke("q")
        return [(event.name, event.data, event.compared) for event in observed.trace.events]

    return made


def chain(function):
    from langchain_core.runnables import RunnableLambda

    return RunnableLambda(function)


def test_a_run_says_when_it_began_and_ended(events):
    """Its name and the application's tags; what it runs inside is no run of its own. Circumstances: not compared."""
    (chain(len) | chain(str)).invoke("x", {"run_name": "mine", "tags": ["blue"]})
    assert events() == [
        ("run_start", {"run": "mine", "tags": ["blue"]}, False),
        ("run_end", {"run": "mine"}, False),
    ]


def test_a_run_that_fails_says_so(events):
    """With the error, which is compared."""

    async def fail(_):
        raise KeyError("gone")

    with pytest.raises(KeyError):
        asyncio.run(chain(fail).ainvoke("x", {"run_name": "mine"}))
    assert events() == [
        ("run_start", {"run": "mine"}, False),
        ("run_error", {"run": "mine", "error": "KeyError: 'gone'"}, True),
    ]


def test_a_stream_that_was_given_up_ended(events):
    """The consumer had enough."""

    def words(_):
        yield from "abc"

    stream = chain(words).stream("x", {"run_name": "mine"})
    next(stream)
    stream.close()
    assert events() == [("run_start", {"run": "mine"}, False), ("run_end", {"run": "mine"}, False)]


def test_the_applications_own_events_are_kept(events):
    """Dispatched from synchronous and from asynchronous code."""
    from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event

    async def go(_):
        await adispatch_custom_event("progress", {"done": 2})

    chain(lambda _: dispatch_custom_event("progress", {"done": 1})).invoke("x")
    asyncio.run(chain(go).ainvoke("x"))
    assert [one for one in events() if one[2]] == [("progress", {"done": 1}, True), ("progress", {"done": 2}, True)]


def test_a_retrieval_is_an_event(events):
    """The query, and how many documents it found; or its error."""
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class Shelf(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            if query == "bad":
                raise OSError("no shelf")
            return [Document("a"), Document("b")]

    Shelf().invoke("books")
    with pytest.raises(OSError, match="no shelf"):
        Shelf().invoke("bad")
    assert events() == [
        ("retrieval", {"query": "books", "documents": 2}, True),
        ("retrieval", {"query": "bad", "error": "OSError: no shelf"}, True),
    ]


@pytest.fixture
def history():
    """Four messages with ids."""
    from langchain_core.messages import AIMessage, HumanMessage

    called = [{"name": "look_up", "args": {}, "id": "c"}]
    return [
        HumanMessage("Where is order 1?", id="1"),
        AIMessage("", id="2", tool_calls=called),
        AIMessage("x" * 100, id="3"),
        HumanMessage("And 2?", id="4"),
    ]


SHOWN = ["user: Where is order 1?", "assistant: [look_up]", f"assistant: {'x' * 79}…"]


def test_a_summary_says_what_it_replaced(events, history):
    """Once, however many runs pass the update on."""
    from langchain_core.messages import HumanMessage, RemoveMessage

    update = {"messages": [RemoveMessage(id="__remove_all__"), HumanMessage("So far: 1."), history[3]]}
    (chain(lambda _: update) | chain(lambda same: same)).invoke({"messages": history})
    data = {"replaced": 3, "kept": 1, "messages": SHOWN, "by": ["user: So far: 1."]}
    assert [one for one in events() if one[2]] == [("context_summarized", data, True)]


def test_removed_messages_are_named(events, history):
    """By id, with nothing in their place; also in a command to the graph."""
    from langchain_core.messages import RemoveMessage
    from langgraph.types import Command

    chain(lambda _: Command(update={"messages": [RemoveMessage(id="1")]})).invoke({"messages": history})
    data = {"replaced": 1, "kept": 3, "messages": SHOWN[:1]}
    assert [one for one in events() if one[2]] == [("context_trimmed", data, True)]


def test_trimmed_messages_are_named(events, history):
    """By LangChain's own trimming in a chain, or by a hook before the model."""
    from langchain_core.messages import trim_messages

    trimming = trim_messages(max_tokens=1, token_counter=len, strategy="last")
    (trimming | chain(lambda messages: messages[0].content)).invoke(history)
    chain(lambda state: {"llm_input_messages": state["messages"][3:]}).invoke({"messages": history})
    data = {"replaced": 3, "kept": 1, "messages": SHOWN}
    assert [one for one in events() if one[2]] == [("context_trimmed", data, True)] * 2


def test_messages_that_are_added_replace_nothing(events, history):
    """What a node usually gives back."""
    chain(lambda state: {"messages": [*state["messages"], history[3]]}).invoke({"messages": history[:3]})
    chain(lambda messages: [*messages, history[3]]).invoke(history[:3])
    assert [one for one in events() if one[2]] == []


def test_an_interrupt_says_what_it_asks_without_its_random_id():
    """LangGraph's own exceptions."""
    from langgraph.errors import GraphInterrupt
    from langgraph.types import Interrupt

    assert described(GraphInterrupt((Interrupt("approve?", id="f00d"),))) == "GraphInterrupt: ['approve?']"
    assert described(GraphInterrupt()) == "GraphInterrupt"
