"""Events of a LangChain run: its start, end and error, retrievals, and what the application sends itself.

That a run began and ended is a circumstance: its name changes when LangChain does, so it is shown and not compared.
An error, a retrieval and an application's own event are behaviour.
"""

from __future__ import annotations

import time
from collections.abc import Sized
from dataclasses import replace
from typing import Any

from pytest_llmtrace._capture.enclosing import labels_here, observing
from pytest_llmtrace._capture.from_langchain.callers import own_tags
from pytest_llmtrace._capture.from_langchain.runs import Run
from pytest_llmtrace._capture.labels import Labels
from pytest_llmtrace._capture.manual.copies import copied, error_text
from pytest_llmtrace._capture.manual.entries import event_entry
from pytest_llmtrace._capture.recorder import Recorder


def run_started(run: Run) -> None:
    """A run that is inside of no other one began."""
    tags = own_tags(run.tags)
    note(run.recorder, "run_start", {"run": run.name, **({"tags": tags} if tags else {})}, run.labels, compared=False)


def run_ended(run: Run) -> None:
    """It ended well."""
    note(run.recorder, "run_end", {"run": run.name}, run.labels, compared=False)


def run_failed(run: Run, error: BaseException) -> None:
    """It ended with an exception; nothing where we ended it, or a consumer that had enough."""
    if run.recorder.cut_off(error):
        return
    if isinstance(error, GeneratorExit):
        run_ended(run)
    else:
        note(run.recorder, "run_error", {"run": run.name, "error": described(error)}, run.labels)


def retrieved(run: Run, documents: Any) -> None:
    """A retriever answered."""
    count = len(documents) if isinstance(documents, Sized) else None
    note(run.recorder, "retrieval", {"query": run.inputs, "documents": count}, run.labels, at=run.started)


def retrieval_failed(run: Run, error: BaseException) -> None:
    """A retriever raised."""
    if not run.recorder.cut_off(error):
        data = {"query": run.inputs, "error": described(error)}
        note(run.recorder, "retrieval", data, run.labels, at=run.started)


def custom(name: str, data: Any, run: Run | None) -> None:
    """The application dispatched an event of its own."""
    recorder = observing()
    if recorder is not None:
        note(recorder, name, data, run.labels if run is not None else labels_here())


def note(
    recorder: Recorder, name: str, data: Any, labels: Labels, *, compared: bool = True, at: float | None = None
) -> None:
    """Enter an event."""
    made = event_entry(recorder, name, data, at if at is not None else time.perf_counter(), labels)
    recorder.framework.events.append(replace(made, compared=compared))


def described(error: BaseException) -> str:
    """An exception in a line. What LangGraph raises to interrupt itself says what it asks, not its random ids."""
    if any(kind.__name__ == "GraphBubbleUp" for kind in type(error).__mro__):
        asked = [getattr(one, "value", None) for many in error.args if isinstance(many, tuple | list) for one in many]
        said = copied([one for one in asked if one is not None])
        return f"{type(error).__name__}: {said}" if said else type(error).__name__
    return error_text(error)
