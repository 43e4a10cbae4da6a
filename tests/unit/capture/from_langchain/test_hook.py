"""How the handler gets into LangChain and out again, and what it leaves alone."""

from __future__ import annotations

import copy
import inspect

import pytest

from pytest_llmtrace._capture import current
from pytest_llmtrace._capture.from_langchain.handler import handler_class
from pytest_llmtrace._capture.from_langchain.hook import HOME, LIST, Hook


def ours():
    """Our handlers in LangChain's list."""
    import importlib

    return [entry for entry in getattr(importlib.import_module(HOME), LIST) if entry[0].name == "llmtrace_langchain"]


def test_the_handler_is_there_as_long_as_anybody_holds_it(hook):
    """Attaching twice, or by several holders, does not make two."""
    hook.attach()
    other = Hook()
    other.attach()
    assert len(ours()) == 1
    hook.detach()
    assert len(ours()) == 1
    other.detach()
    other.detach()
    assert ours() == []


def test_the_applications_own_handlers_are_called_as_before(observed, chat):
    """In their order, with the same objects."""
    from langchain_core.callbacks import BaseCallbackHandler

    heard = []

    class Theirs(BaseCallbackHandler):
        def on_llm_end(self, response, **kwargs):
            heard.append(response.generations[0][0].text)

    chat("a").invoke("q", {"callbacks": [Theirs()]})
    assert (heard, observed.call.output.text) == (["a"], "a")


def test_without_a_traced_test_nothing_is_kept(chat):
    """The handler is called and does nothing."""
    assert current.current() is None
    assert chat("a").invoke("q").content == "a"


@pytest.mark.usefixtures("chat")
def test_a_bug_in_the_handler_is_reported_and_not_raised(observed, chat, monkeypatch):
    """The application goes on; the fault is kept with its traceback."""
    from pytest_llmtrace._capture.from_langchain import calls

    def broken(*_):
        raise LookupError("a bug")

    monkeypatch.setattr(calls, "ended", broken)
    assert chat("a").invoke("q").content == "a"
    (fault,) = observed.recorder.faults.so_far()
    assert fault.text == "LangChain's event `model_ended` could not be recorded: LookupError('a bug')"
    assert "LookupError: a bug" in fault.traceback


def test_configurations_with_the_handler_can_be_copied(hook):
    """Applications copy theirs deeply."""
    handler = handler_class()()
    assert copy.deepcopy({"callbacks": [handler]})["callbacks"][0] is handler


def test_a_run_that_is_never_over_ends_with_its_test(observed, chat):
    """What a stream left open encloses is not what the next test does in the same context."""
    from langchain_core.runnables import RunnableLambda

    from tests.unit.capture.conftest import observed_with

    def words(_):
        yield from "abc"

    left_open = RunnableLambda(words).stream("x", {"tags": ["subagent:old"]})
    next(left_open)
    following = observed_with()
    current.push(following.recorder)
    following.chat("plain", "x")
    current.pop(following.recorder)
    left_open.close()
    assert following.call.agent is None


def test_handlers_have_langchains_own_parameters():
    """Every callback that LangChain knows by position has as many of them as we take."""
    from langchain_core.callbacks.base import BaseCallbackHandler

    expected = {
        "on_chain_start": 2, "on_chain_end": 1, "on_chain_error": 1, "on_chat_model_start": 2, "on_llm_start": 2,
        "on_llm_new_token": 1, "on_llm_end": 1, "on_llm_error": 1, "on_tool_start": 2, "on_tool_end": 1,
        "on_tool_error": 1, "on_retriever_start": 2, "on_retriever_end": 1, "on_retriever_error": 1,
        "on_custom_event": 2,
    }  # fmt: skip
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for name, count in expected.items():
        parameters = inspect.signature(getattr(BaseCallbackHandler, name)).parameters.values()
        assert sum(1 for one in parameters if one.kind is positional and one.name != "self") == count, name
        ours = inspect.signature(getattr(handler_class(), name)).parameters.values()
        assert sum(1 for one in ours if one.kind is positional) == count, name
