"""LangChain's callbacks, each handed to what makes something of it. Never raises into the application."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.enclosing import observing, scopes
from pytest_llmtrace._capture.faults import noting
from pytest_llmtrace._capture.from_langchain import calls, context, events, tools
from pytest_llmtrace._capture.from_langchain.runs import Run, begun

Callback = Callable[..., None]


def handler_class() -> type[Any]:
    """The class of our handler. LangChain is imported: this is asked for when it is."""
    from langchain_core.callbacks.base import BaseCallbackHandler  # noqa: PLC0415 - only where LangChain is in use

    class LlmtraceHandler(BaseCallbackHandler):
        """Called by LangChain; argument names are LangChain's."""

        run_inline = True
        """Called in the context of what runs, before it runs: labels must reach the HTTP requests made inside."""

        on_chain_start = _guarded(_chain_started)
        on_chain_end = _guarded(_chain_ended)
        on_chain_error = _guarded(_chain_failed)
        on_chat_model_start = _guarded(_chat_model_started)
        on_llm_start = _guarded(_llm_started)
        on_llm_new_token = _guarded(_token_heard)
        on_llm_end = _guarded(_model_ended)
        on_llm_error = _guarded(_model_failed)
        on_tool_start = _guarded(_tool_started)
        on_tool_end = _guarded(_tool_ended)
        on_tool_error = _guarded(_tool_failed)
        on_retriever_start = _guarded(_retriever_started)
        on_retriever_end = _guarded(_retriever_ended)
        on_retriever_error = _guarded(_retriever_failed)
        on_custom_event = _guarded(_custom_event)

        def __deepcopy__(self, _: Any) -> Any:
            return self  # applications copy configurations, and it holds nothing

        __copy__ = __deepcopy__

    return LlmtraceHandler


def _guarded(callback: Callback) -> Any:
    """The callback as a method that does nothing outside of a traced test; a bug in it fails the test by name."""

    @functools.wraps(callback)
    def method(_: Any, *args: Any, **kwargs: Any) -> None:
        recorder = current()
        if recorder is None:
            return
        with noting(recorder.faults, f"LangChain's event `{callback.__name__.strip('_')}` could not be recorded"):
            callback(*args, **kwargs)

    return method


def _chain_started(serialized: Any, inputs: Any, **told: Any) -> None:
    run = _begun(serialized, told)
    if run is not None:
        run.inputs = inputs
        run.enter()
        if run.is_root:
            events.run_started(run)


def _chain_ended(outputs: Any, **told: Any) -> None:
    run = _ended(told)
    if run is not None:
        context.look_for_replacement(run, outputs)
        if run.is_root:
            events.run_ended(run)


def _chain_failed(error: BaseException, **told: Any) -> None:
    run = _ended(told)
    if run is None:
        return
    for key, inner in list(run.recorder.framework.runs.items()):
        if any(one is run.scope for one in scopes(inner.scope)):  # cancelled inside: LangChain does not say so itself
            del run.recorder.framework.runs[key]
            inner.leave()
            calls.failed(inner, error, None)
            tools.failed(inner, error)
    if run.is_root:
        events.run_failed(run, error)


def _chat_model_started(serialized: Any, messages: Any, **told: Any) -> None:
    for one in messages:
        run = _begun(serialized, told)
        if run is not None:
            calls.chat_started(run, one, serialized, told)
            run.enter()


def _llm_started(serialized: Any, prompts: Any, **told: Any) -> None:
    for one in prompts:
        run = _begun(serialized, told)
        if run is not None:
            calls.text_started(run, one, serialized, told)
            run.enter()


def _token_heard(token: Any, **told: Any) -> None:
    run = _running(told)
    if run is not None:
        calls.heard(run, token)


def _model_ended(response: Any, **told: Any) -> None:
    run = _ended(told)
    if run is not None:
        calls.ended(run, response)


def _model_failed(error: BaseException, **told: Any) -> None:
    run = _ended(told)
    if run is not None:
        calls.failed(run, error, told.get("response"))


def _tool_started(serialized: Any, input_str: Any, **told: Any) -> None:
    run = _begun(serialized, told)
    if run is not None:
        tools.started(run, input_str, told)
        run.enter()


def _tool_ended(output: Any, **told: Any) -> None:
    run = _ended(told)
    if run is not None:
        tools.ended(run, output)


def _tool_failed(error: BaseException, **told: Any) -> None:
    run = _ended(told)
    if run is not None:
        tools.failed(run, error)


def _retriever_started(serialized: Any, query: Any, **told: Any) -> None:
    run = _begun(serialized, told)
    if run is not None:
        run.inputs = query
        run.enter()


def _retriever_ended(documents: Any, **told: Any) -> None:
    run = _ended(told)
    if run is not None:
        events.retrieved(run, documents)


def _retriever_failed(error: BaseException, **told: Any) -> None:
    run = _ended(told)
    if run is not None:
        events.retrieval_failed(run, error)


def _custom_event(name: str, data: Any, **told: Any) -> None:
    events.custom(name, data, _running(told))


def _begun(serialized: Any, told: dict[str, Any]) -> Run | None:
    recorder = observing()
    return None if recorder is None else begun(recorder, told, serialized)


def _running(told: dict[str, Any]) -> Run | None:
    recorder = current()
    return None if recorder is None else recorder.framework.runs.get(told.get("run_id"))


def _ended(told: dict[str, Any]) -> Run | None:
    """The run that an event ends; `None` for one that is no part of this test's trace."""
    recorder = current()
    run: Run | None = None if recorder is None else recorder.framework.runs.pop(told.get("run_id"), None)
    if run is not None:
        run.leave()
    return run
