"""Runs of LangChain models as calls: records like those of the manual API, in which HTTP knows better."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from pytest_llmtrace._capture.from_langchain.messages import answer_data, read, tool_data
from pytest_llmtrace._capture.from_langchain.runs import Run
from pytest_llmtrace._capture.from_langchain.unseen import is_mocked
from pytest_llmtrace._capture.manual.calls import Call, Record


def chat_started(run: Run, messages: Any, serialized: Any, told: Mapping[str, Any]) -> None:
    """A chat model is about to be asked."""
    _started(run, "chat", messages, serialized, told)


def text_started(run: Run, prompt: Any, serialized: Any, told: Mapping[str, Any]) -> None:
    """A model of the older kind, text to text, is about to be asked."""
    _started(run, "completions", [{"role": "user", "content": prompt}], serialized, told)


def heard(run: Run, token: Any) -> None:
    """A stream gave something: its request is answered, so what follows is no part of it."""
    record = run.record
    if record is not None:
        record.streamed = record.over = True
        if isinstance(token, str) and token:
            record.chunks.append(token)


def ended(run: Run, response: Any) -> None:
    """A model answered."""
    if run.record is not None:
        _answered(run.record, response)
        run.record.end(None)


def failed(run: Run, error: BaseException, response: Any) -> None:
    """A model raised, or was given up; a stream may have said something by then."""
    record = run.record
    if record is not None:
        if record.chunks:
            _answered(record, response)
        record.end(error)


def _started(run: Run, operation: str, messages: Any, serialized: Any, told: Mapping[str, Any]) -> None:
    metadata = told.get("metadata") or {}
    given = {**(told.get("invocation_params") or {}), **(told.get("options") or {})}
    path = serialized.get("id") if isinstance(serialized, Mapping) else None
    made_by = tuple(map(str, path)) if isinstance(path, list) else ()
    provider, model = _model(run, metadata, given, made_by)
    call = Call(provider, model, operation, {})
    record = call.begin(run.recorder, stated=frozenset())
    record.labels, record.outer = run.labels, run.scope.outer
    record.speaker, record.around, record.owner = run.labels, run.scope.around, run.recorder
    record.from_framework = True
    record.made_by, record.mocked = made_by, is_mocked(made_by)
    record.batch = run.recorder.framework.batch(told.get("invocation_params"), told.get("batch_size"))
    if record.batch is not None:
        record.batch.append(record)
        record.outer = record.batch[0].outer  # not the prompt before it, which the context names
    record.task = _task()
    record.kept["messages"] = read(run.recorder, messages)
    params = {name: given[name] for name in _PARAMS if given.get(name) is not None}
    for name in ("temperature", "max_tokens", "stop"):  # what LangChain states of a model under names of its own
        if metadata.get(f"ls_{name}") is not None:
            params.setdefault(name, metadata[f"ls_{name}"])
    if params:
        record.keep("params", params)
    tools = given.get("tools") or given.get("functions")
    if tools:
        record.keep("tools", tool_data(tools))
    run.record = run.scope = record


def _task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def _answered(record: Record, response: Any) -> None:
    generations = getattr(response, "generations", None) or [[]]
    if not generations[0]:
        return
    generation = generations[0][0]
    about = getattr(response, "llm_output", None) or {}
    message = getattr(generation, "message", None)
    info = getattr(generation, "generation_info", None) or {}
    if message is not None:
        record.keep("output", answer_data(message))
        usage = getattr(message, "usage_metadata", None) or {}
        record.call.cache_hit = usage.get("total_cost") == 0  # what LangChain's cache adds to an answer that it kept
    else:
        record.keep("output", generation.text)
        usage = {name: info[name] for name in _OLLAMA if name in info}
        record.call.finish_reason = info.get("finish_reason") or info.get("done_reason")
    if not any(isinstance(usage.get(name), int) for name in ("input_tokens", *_OLLAMA)):
        usage = about.get("token_usage") or about.get("usage")
    if usage:
        record.keep("usage", dict(usage))


def _model(
    run: Run, metadata: Mapping[str, Any], params: Mapping[str, Any], made_by: tuple[str, ...]
) -> tuple[str, str]:
    """Provider and model; a model without a name has that of its class, whose provider LangChain only made up."""
    stated = metadata.get("ls_model_name") or next((params[name] for name in _MODELS if params.get(name)), None)
    if stated:
        return str(metadata.get("ls_provider") or ""), str(stated)
    return "", made_by[-1] if made_by else run.name


_MODELS: Final = ("model", "model_name", "model_id")
_PARAMS: Final = (
    "format", "frequency_penalty", "logit_bias", "max_completion_tokens", "max_output_tokens", "max_tokens", "n",
    "num_ctx", "num_predict", "parallel_tool_calls", "presence_penalty", "reasoning", "reasoning_effort",
    "repeat_penalty", "response_format", "seed", "stop", "temperature", "thinking", "tool_choice", "top_k", "top_p",
)  # fmt: skip
"""What shapes an answer, of all that a model says of itself: its script, where it is a fake one, is no parameter."""
_OLLAMA: Final = ("prompt_eval_count", "eval_count")
