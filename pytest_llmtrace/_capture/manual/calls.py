"""`llmtrace.call` and `llmtrace.event`: what an application says of itself where no adapter sees it.

Outside of a traced test the same objects keep what they are given and do nothing else: no copy, no import.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from pytest_llmtrace._capture.enclosing import Enclosing, enclosing, innermost, labels_here, observing
from pytest_llmtrace._capture.faults import noting
from pytest_llmtrace._capture.labels import Labels

if TYPE_CHECKING:
    from asyncio import Task
    from types import TracebackType

    from pytest_llmtrace._capture.recorder import Recorder
    from pytest_llmtrace._model.trace import CallError, Status

_WHAT: Final = "a call given by hand could not be recorded"


def call(
    *,
    provider: str = "",
    model: str = "",
    messages: Any = None,
    params: Any = None,
    tools: Any = None,
    operation: str = "chat",
) -> Call:
    """Record what runs inside a ``with`` or ``async with`` as one call of a model.

    Everything may come later, as attributes of what ``with`` gives (see `Call`). HTTP requests to a model that are
    made inside are this call's attempts, and tell what it was not told itself.

    Args:
        provider: Who answers: ``openai``, ``acme``.
        model: The model, without the provider.
        messages: The whole history that is sent: a list of messages in any common shape, or the text of one.
        params: What else shapes the answer: ``{"temperature": 0}``.
        tools: The schemas of the tools that are offered.
        operation: The kind of call: ``chat``, ``embeddings``, ...
    """
    given = {"messages": messages, "params": params, "tools": tools}
    return Call(provider, model, operation, {name: value for name, value in given.items() if value is not None})


def event(name: str, data: Any = None) -> None:
    """Record that something happened: ``event("compaction", {"replaced": 3})``. It is compared like everything else.

    Args:
        name: What happened.
        data: Anything; it is copied as JSON-like data.
    """
    recorder = observing()
    if recorder is None:
        return
    from pytest_llmtrace._capture.manual.entries import event_entry  # noqa: PLC0415 - only in a traced test

    with noting(recorder.faults, "an event could not be recorded"):
        recorder.entries.append(event_entry(recorder, name, data, time.perf_counter(), labels_here()))


def _kept(name: str, *, empty: Callable[[], Any] = lambda: None, about: str) -> Any:
    """An attribute that is copied at once where a test is traced, and reads as it was set."""

    def read(self: Call) -> Any:
        return self.value(name, empty)

    def write(self: Call, value: Any) -> None:
        self.keep(name, value)

    return property(read, write, doc=about)


class Call:
    """One call of a model, given by hand; `pytest_llmtrace.call` makes it.

    Each attribute may be set at any time, inside or after the ``with``, and is copied when it is set. An exception
    that ends the ``with`` is recorded and goes on. Nothing that is set here ever raises: what cannot be understood
    stands in the trace as an event ``unreadable``.
    """

    __slots__ = ("_own", "_values", "cache_hit", "finish_reason", "model", "operation", "provider", "record")

    messages: Any = _kept("messages", empty=list, about="The whole history that is sent.")
    params: Any = _kept("params", empty=dict, about="What else shapes the answer.")
    tools: Any = _kept("tools", empty=list, about="The schemas of the tools that are offered.")
    output: Any = _kept("output", about="The answer: a text, a message, or a whole response as an SDK gives it.")
    usage: Any = _kept("usage", about="Token counts as OpenAI, Anthropic, Ollama, ... give them: a dict or an object.")
    error: Any = _kept("error", about="The exception that the call ended with; a text or an exception may be set.")
    rag_hits: Any = _kept("rag_hits", about="What was retrieved for this call, or how much: an event of that name.")
    metadata: Any = _kept("metadata", empty=dict, about="Anything else worth comparing: an event of that name.")

    def __init__(self, provider: str, model: str, operation: str, values: dict[str, Any]) -> None:
        self.provider = provider
        """Who answers, or answered in the end."""
        self.model = model
        """The model that answers, or answered in the end."""
        self.operation = operation
        self.finish_reason: str | None = None
        self.cache_hit = False
        """Whether the application's own cache answered, so that nobody was paid."""
        self.record: Record | None = None
        """What is kept of it; `None` where no test is traced."""
        self._values = values
        self._own: set[str] = set()

    def __enter__(self) -> Self:
        recorder = observing()
        self.record = None
        if recorder is not None:
            with noting(recorder.faults, _WHAT):
                self.begin(recorder).enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.record is not None:
            with noting(self.record.recorder.faults, _WHAT):
                self.record.leave()
                self.record.end(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def fallback_to(self, provider: str, model: str, *, error: Any = None) -> None:
        """Note that another provider or model is asked now, because the one before failed.

        Args:
            provider: Who is asked now.
            model: The model that is asked now.
            error: What was wrong; by default the exception that is being handled.
        """
        before = self.name
        self.provider, self.model = provider, model
        if self.record is not None:
            self.record.fell_back(before, self.name, error if error is not None else sys.exc_info()[1])

    @property
    def name(self) -> str:
        """Provider and model: ``openai/gpt-4o-mini``."""
        return f"{self.provider}/{self.model}" if self.provider else str(self.model)

    def begin(self, recorder: Recorder, *, stated: frozenset[str] | None = None) -> Record:
        """Keep from now on what is set. `stated`: see `Record`."""
        self.record = record = Record(
            call=self, recorder=recorder, labels=labels_here(), outer=enclosing(), stated=stated
        )
        recorder.hand_calls.append(record)
        for name, value in self._values.items():
            record.keep(name, value)
        return record

    def value(self, name: str, empty: Callable[[], Any]) -> Any:
        """An attribute as it was set; what was never set begins empty and may be filled in place."""
        if name not in self._values:
            found = empty()
            if found is None:
                return None
            self._values[name] = found
            self._own.add(name)
        return self._values[name]

    def keep(self, name: str, value: Any) -> None:
        """Set an attribute."""
        self._own.discard(name)
        self._values[name] = value
        if self.record is None:
            return
        with noting(self.record.recorder.faults, _WHAT):
            self.record.keep(name, value)
            if issubclass(type(value), BaseException):  # its traceback would hold on to frames until the test ends
                self._values[name] = self.record.kept.get(name)

    def keep_own(self) -> None:
        """Copy what was filled in place."""
        for name in self._own:
            if self.record is not None and self._values[name]:
                self.record.keep(name, self._values[name])


@dataclass(slots=True, kw_only=True, eq=False)
class Record(Enclosing):
    """What is kept of a call that was given by hand. Mutable: it is filled while the call runs."""

    call: Call
    recorder: Recorder
    labels: Labels
    stated: frozenset[str] | None = None
    """The attributes that the application stated; the others were read from arguments and results, so that HTTP knows
    better. `None`: it stated all that are set."""
    started: float = field(default_factory=time.perf_counter)
    ended: float | None = None
    status: Status = "open"
    cut_off: bool = False
    """Whether it was we who ended it."""
    streamed: bool = False
    chunks: list[Any] = field(default_factory=list)
    """Copies of what a generator gave."""
    kept: dict[str, Any] = field(default_factory=dict)
    """Copies of what was set, by name: redacted plain data, or for messages and tools what the trace holds."""
    fallbacks: list[Fallback] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """What was set and could not be understood: its name, and what it is."""
    from_framework: bool = False
    """Whether a framework's hooks gave it: they say who asks, HTTP what was asked."""
    made_by: tuple[str, ...] = ()
    """The class of the framework's model: its module and name, as the framework tells it."""
    mocked: bool = False
    """Whether a mock stands in the place of that model's methods."""
    alone: bool = False
    """Whether nothing but the framework tells of it."""
    task: Task[Any] | None = None
    """The task in which a framework makes the call: if that is cancelled, nothing else says how it ended."""
    batch: list[Record] | None = None
    """The records of all prompts that a framework gave to a model at once, this one's among them."""
    holds: bool = False
    """Whether threads take it along: it was entered, and not left."""

    def enter(self) -> None:
        """What follows in this context is inside."""
        from pytest_llmtrace._capture.threads import hold  # noqa: PLC0415 - only in a traced test

        hold()
        self.holds = True
        innermost.set(self)

    def leave(self) -> None:
        """What follows in this context is outside again."""
        from pytest_llmtrace._capture.threads import release  # noqa: PLC0415 - likewise

        if self.holds:
            self.holds = False
            release()
        if innermost.get() is self:
            innermost.set(self.outer)

    def end(self, error: BaseException | None) -> None:
        """The call is over."""
        self.ended = time.perf_counter()
        self.over = True
        self.cut_off = self.recorder.cut_off(error)
        self.call.keep_own()
        if error is None:
            self.status = "ok"
        elif isinstance(error, Exception):
            self.status = "error"
            self.call.keep("error", error)
        else:
            self.status = "abandoned" if isinstance(error, GeneratorExit) else "cancelled"

    def heard(self, chunk: Any) -> None:
        """A generator gave a chunk of the answer."""
        self.streamed = True
        self.keep("chunk", chunk)
        self.chunks.append(self.kept.pop("chunk", None))

    def keep(self, name: str, value: Any) -> None:
        """Copy what was set."""
        from pytest_llmtrace._capture.manual.entries import kept  # noqa: PLC0415 - likewise

        try:
            self.kept[name] = kept(self.recorder, name, value)
        except Exception as error:  # noqa: BLE001 - whatever it was given, the application goes on
            self.unreadable.append((name, f"{type(value).__name__} ({type(error).__name__})"))

    def fell_back(self, before: str, after: str, error: Any) -> None:
        """Another provider or model is asked from now on."""
        from pytest_llmtrace._capture.manual.entries import call_error  # noqa: PLC0415 - likewise

        found = None if error is None else call_error(self.recorder, error)
        self.fallbacks.append(Fallback(at=time.perf_counter(), before=before, after=after, error=found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """A turn to another provider or model."""

    at: float
    before: str
    after: str
    error: CallError | None
