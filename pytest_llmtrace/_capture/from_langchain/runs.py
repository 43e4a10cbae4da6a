"""The tree of LangChain runs of one test: what each run is inside of, and the labels it brings."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmtrace._capture.enclosing import Enclosing, enclosing, innermost, is_hidden, labels_in, scopes
from pytest_llmtrace._capture.from_langchain.callers import Told, labels_of, told
from pytest_llmtrace._capture.labels import Labels, current_labels

if TYPE_CHECKING:
    from pytest_llmtrace._capture.manual.calls import Record
    from pytest_llmtrace._capture.manual.executions import Execution
    from pytest_llmtrace._capture.recorder import Recorder


@dataclass(slots=True, kw_only=True, eq=False)
class Run:
    """One run of a chain, model, tool or retriever, while it lasts."""

    recorder: Recorder
    scope: Enclosing
    """What encloses that which happens in it."""
    labels: Labels
    told: Told
    name: str
    tags: Sequence[str]
    is_root: bool
    started: float = field(default_factory=time.perf_counter)
    inputs: Any = None
    """Of a chain, its input; of a retriever, its query."""
    record: Record | None = None
    """Of a model, the record of its call."""
    execution: Execution | None = None
    """Of a tool, its execution."""

    def enter(self) -> None:
        """What follows in this context is inside. LangChain says of the end elsewhere: `Enclosing.over` tells."""
        innermost.set(self.scope)

    def leave(self) -> None:
        """The run has ended."""
        self.scope.over = True
        if innermost.get() is self.scope:
            innermost.set(self.scope.outer)


def begun(recorder: Recorder, told_by: Mapping[str, Any], serialized: Any = None) -> Run | None:
    """A run that begins, known to the recorder; `None` where it is no part of the trace.

    Args:
        recorder: The recorder of the test.
        told_by: The keyword arguments of LangChain's event.
        serialized: Its description of what runs.
    """
    parent: Run | None = recorder.framework.runs.get(told_by.get("parent_run_id"))
    outer = enclosing()
    if parent is not None and not any(one is parent.scope for one in scopes(outer)):
        outer = parent.scope  # the context has gone another way: the tree knows
    if is_hidden(outer):
        return None
    name = str(told_by.get("name") or _class_name(serialized))
    tags = [tag for tag in told_by.get("tags") or () if isinstance(tag, str)]
    metadata = told_by.get("metadata")
    run_told = told(tags, name, metadata if isinstance(metadata, Mapping) else {}, _configurable())
    labels = labels_of(run_told, parent.told if parent is not None else None, labels_in(outer))
    scope = Enclosing(outer=outer, passes=True, speaker=labels, around=current_labels.get(), owner=recorder)
    run = Run(
        recorder=recorder,
        scope=scope,
        labels=labels,
        told=run_told,
        name=name,
        tags=tags,
        is_root=told_by.get("parent_run_id") is None,
    )
    recorder.framework.hold_threads()
    recorder.framework.runs[told_by.get("run_id")] = run
    return run


def _configurable() -> Mapping[str, Any]:
    """What the runs around this one were configured with: LangChain keeps it from handlers."""
    module = sys.modules.get("langchain_core.runnables.config")
    variable = getattr(module, "var_child_runnable_config", None)
    config = variable.get() if variable is not None else None
    found = config.get("configurable") if isinstance(config, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _class_name(serialized: Any) -> str:
    if not isinstance(serialized, Mapping):
        return ""
    path = serialized.get("id")
    return str(serialized.get("name") or (path[-1] if isinstance(path, list) and path else ""))
