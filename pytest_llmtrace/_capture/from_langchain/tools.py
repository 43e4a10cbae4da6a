"""Runs of LangChain tools as executions, like those of `llmtrace.tool`."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, Final

from pytest_llmtrace._capture.from_langchain.events import described
from pytest_llmtrace._capture.from_langchain.runs import Run
from pytest_llmtrace._capture.manual.copies import copied
from pytest_llmtrace._capture.manual.executions import Execution


def started(run: Run, text: Any, told: Mapping[str, Any]) -> None:
    """A tool is about to be executed."""
    call_id = told.get("tool_call_id")
    run.scope.passes = False
    run.execution = Execution(
        run.recorder,
        run.name,
        run.recorder.redacted(copied(_arguments(told.get("inputs"), text))),
        framework=(run.scope, run.labels),
        call_id=call_id if isinstance(call_id, str) and call_id else None,
    )
    run.recorder.executions.append(run.execution)


def ended(run: Run, output: Any) -> None:
    """It gave a result: a message for the model, a command to the graph that holds one, or anything."""
    if run.execution is None:
        return
    message = _message(output, run.execution.call_id)
    if message is None:
        run.execution.returned(output)
        return
    content = message.content
    run.execution.returned(content)
    if getattr(message, "status", None) == "error":
        run.execution.error = run.recorder.redacted(content if isinstance(content, str) else str(copied(content)))


def failed(run: Run, error: BaseException) -> None:
    """It raised."""
    if run.execution is not None:
        run.execution.raised(error)
        if run.execution.error is not None:
            run.execution.error = run.recorder.redacted(described(error))


def _arguments(inputs: Any, text: Any) -> Any:
    """The arguments by name, without what LangGraph injects; older versions of LangChain have them as text alone."""
    if not isinstance(inputs, Mapping) and isinstance(text, str):
        try:
            inputs = ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            inputs = None
    if not isinstance(inputs, Mapping):
        return {"input": text} if text else {}
    return {name: value for name, value in inputs.items() if name not in _INJECTED or _is_plain(value)}


def _message(output: Any, call_id: str | None) -> Any:
    """The tool message in what a tool gave; `None` where it has none."""
    if getattr(output, "type", None) == "tool" and hasattr(output, "content"):
        return output
    update = getattr(output, "update", None)
    found = update.get("messages") if isinstance(update, Mapping) else output
    if not isinstance(found, list | tuple):
        return None
    spoken = [one for one in found if getattr(one, "type", None) == "tool" and hasattr(one, "content")]
    return next((one for one in spoken if getattr(one, "tool_call_id", None) == call_id), None)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool | list)


_INJECTED: Final = frozenset({"callbacks", "config", "run_manager", "runtime", "state", "store", "tool_runtime"})
"""Names under which tools are given what no model wrote."""
