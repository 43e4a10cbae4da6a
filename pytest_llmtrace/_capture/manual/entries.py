"""Entries of the trace from what was given by hand: copies when it is given, calls when the trace is assembled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_llmtrace._capture.dialects.dialect import Answer
from pytest_llmtrace._capture.labels import Labels
from pytest_llmtrace._capture.manual.calls import Record
from pytest_llmtrace._capture.manual.copies import copied, error_text
from pytest_llmtrace._capture.manual.messages import read_messages, read_tools
from pytest_llmtrace._capture.manual.results import read_chunks, read_result
from pytest_llmtrace._capture.manual.usage import read_usage
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import Attempt, CallError, Event, LLMCall


def kept(recorder: Recorder, name: str, value: Any) -> Any:
    """The copy of an attribute of a call. Raises: ValueError where nothing can be understood of it."""
    if value is None:
        return None
    if name in ("messages", "tools"):
        read = read_messages if name == "messages" else read_tools
        return read(value, recorder.hand_messages, recorder.redacted)
    if name == "error":
        return call_error(recorder, value)
    data = recorder.redacted(copied(value, opened=name in _ANSWERS))
    if name == "usage" and (data := read_usage(data)) is None:
        raise ValueError("no number of tokens")
    if name == "params" and not isinstance(data, dict):
        raise TypeError("no names")
    return data


def call_error(recorder: Recorder, error: Any) -> CallError:
    """How a call failed: an exception, or what was said of it."""
    if not isinstance(error, BaseException):
        said = copied(error)
        return CallError(type="error", message=recorder.redacted(said if isinstance(said, str) else str(said)))
    status = getattr(error, "status_code", None)
    kind, _, message = error_text(error).partition(": ")
    return CallError(type=kind, message=recorder.redacted(message), status=status if isinstance(status, int) else None)


def event_entry(recorder: Recorder, name: Any, data: Any, at: float, labels: Labels) -> Event:
    """An event; `at` is a time of `time.perf_counter`."""
    return Event(
        name=_text(name),
        data=recorder.redacted(copied(data)),
        started=at - recorder.began,
        session=labels.session,
        agent=labels.agent,
        parent=labels.parent,
        task=labels.task,
        turn=labels.turn,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HandCall:
    """A call that was given by hand, as the trace would show it if nothing else were known of it."""

    record: Record
    call: LLMCall
    said: frozenset[str]
    """The fields of `call` that the application stated itself: nobody knows better."""


def hand_call(record: Record, table: MessageTable) -> HandCall:
    """The call of a record."""
    given, fields = record.call, record.kept
    answer = _answer(record)
    usage = fields.get("usage")
    call = LLMCall(
        started=record.started - record.recorder.began,
        duration=max(0.0, (record.ended if record.ended is not None else record.started) - record.started),
        operation=_text(given.operation) or "chat",
        provider=_text(given.provider),
        model=_text(given.model),
        response_model=answer.model,
        params=fields.get("params") or {},
        tools=fields.get("tools") or (),
        messages=tuple(table.intern(message) for message in fields.get("messages") or ()),
        output=None if answer.output is None else table.intern({**answer.output, "role": "assistant"}),
        finish_reason=_text(given.finish_reason) or answer.finish_reason,
        error=fields.get("error") or answer.error,
        usage=usage if usage is not None else answer.usage,
        cache_hit=bool(copied(given.cache_hit)),
        streamed=record.streamed,
        attempts=_attempts(record),
        status=_status(record, answer),
    )
    said = {name for name in _STATED if getattr(call, name)}
    if record.stated is not None:
        said &= record.stated
    return HandCall(record=record, call=call, said=frozenset(said))


def side_events(record: Record) -> Iterator[Event]:
    """What else a call was given: fallbacks, what was retrieved for it, metadata, and what could not be understood."""
    recorder, labels = record.recorder, record.labels
    for fallback in record.fallbacks:
        error = {} if fallback.error is None else {"error": f"{fallback.error.type}: {fallback.error.message}"}
        data = {"from": fallback.before, "to": fallback.after, **error}
        yield event_entry(recorder, "fallback", data, fallback.at, labels)
    for name in ("rag_hits", "metadata"):
        if record.kept.get(name) not in (None, {}):
            yield event_entry(recorder, name, record.kept[name], record.started, labels)
    for what, value in record.unreadable:
        yield event_entry(recorder, "unreadable", {"what": what, "value": value}, record.started, labels)


def _answer(record: Record) -> Answer:
    if record.streamed and "output" not in record.kept:
        made = read_chunks(record.chunks)
        ended = record.kept.get("returned")
        return made if ended is None else _completed(made, read_result(ended))
    return read_result(record.kept.get("output"))


def _completed(streamed: Answer, returned: Answer) -> Answer:
    """A generator may give the text in pieces, and the whole response as its return value."""
    if streamed.output is None:
        return returned
    return replace(
        streamed,
        usage=streamed.usage or returned.usage,
        finish_reason=streamed.finish_reason or returned.finish_reason,
        model=streamed.model or returned.model,
    )


def _status(record: Record, answer: Answer) -> Any:
    if record.status == "ok" and (record.kept.get("error") or answer.error) is not None:
        return "error"
    if record.status == "open" and record.task is not None and record.task.cancelled():
        return "cancelled"
    return record.status


def _attempts(record: Record) -> tuple[Attempt, ...]:
    """One try before each fallback, and the last one; HTTP ones are put in their place when they are known."""
    if not record.fallbacks:
        return ()
    failed = [Attempt(status=one.error.status if one.error else None, source="local") for one in record.fallbacks]
    return (*failed, Attempt(status=200 if record.status == "ok" else None, source="local"))


def _text(value: object) -> str:
    return "" if value is None else str(copied(value))


_ANSWERS: Final = ("output", "returned", "chunk", "usage")
"""What may be an object of an SDK."""
_STATED: Final = (
    "provider", "model", "params", "tools", "messages", "output", "finish_reason", "usage", "cache_hit",
)  # fmt: skip
"""The fields that an application states."""
