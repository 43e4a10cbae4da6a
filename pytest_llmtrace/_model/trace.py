"""What is recorded: a trace and its entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from operator import attrgetter
from typing import Any, Final, Literal

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.usage import Usage

Status = Literal["ok", "error", "abandoned", "cancelled", "open", "missed"]
"""How a call ended. `open`: still running when its owner ended; `missed`: replay had no answer for it."""

Source = Literal["live", "tape", "journal", "local"]
"""Who answered. `local`: nobody outside the process (a mock response, an application cache, a custom provider)."""


@frozen
class CallError:
    """How a call failed, as far as it is known from outside."""

    type: str
    """The provider's error type or the exception's class name."""
    message: str
    status: int | None = None
    """HTTP status, where there was one."""


@frozen
class Attempt:
    """One HTTP try of a call."""

    status: int | None
    """HTTP status; `None` where no answer came."""
    source: Source
    interaction: int | None = None
    """Position of the interaction among those of the recording."""
    cost: float | None = None
    """US dollars: 0 for a try that failed; `None`: not known."""
    server: str | None = field(default=None, compare=False, repr=False)
    """Host and port that it was sent to: ``api.openai.com:443``. A circumstance, in no golden trace."""


@frozen
class FailedCall:
    """The call that failed, so that another one was made in its place."""

    model: str
    """Provider and model: ``openai/gpt-4o-mini``."""
    error: str
    """The type of its error: ``RateLimitError``."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Entry:
    """What every entry of a trace has in common."""

    id: str = ""
    started: float = 0.0
    """Seconds since the trace began."""
    duration: float = 0.0
    """Seconds."""
    session: str | None = None
    agent: str | None = None
    parent: str | None = None
    """The session or agent that started this one."""
    task: str | None = None
    turn: int | None = None
    """Turn number as the application counts it, from 1."""

    def __repr__(self) -> str:
        """What there is to say, the entry's own fields first: ``ToolCall(name='refund', arguments={'order': '7'})``.

        Times and what is as it is by default are left out: an assertion that fails shows this.
        """
        labels = fields(Entry)
        own = fields(self)[len(labels) :]
        said = [(one.name, getattr(self, one.name)) for one in (*own, *labels) if not _is_left_out(self, one)]
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in said)})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LLMCall(Entry):
    """One call of a model."""

    operation: str = "chat"
    """`chat`, `responses`, `messages`, `embeddings`, `completions`, ..."""
    provider: str = ""
    model: str = ""
    """The model as requested, without the provider prefix."""
    response_model: str | None = None
    """The model as the provider named it in the answer."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """Everything else that shapes the answer: temperature, response_format, tool_choice, max_tokens, ..."""
    tools: tuple[Mapping[str, Any], ...] = ()
    """Tools offered: ``{"name", "description", "parameters"}``, or a built-in tool as the provider spells it."""
    messages: tuple[Message, ...] = ()
    """The full history that was sent."""
    output: Message | None = None
    finish_reason: str | None = None
    error: CallError | None = None
    usage: Usage | None = None
    """`None`: not known."""
    cost: float | None = None
    """US dollars; `None`: not known (never 0 for unknown)."""
    cache_hit: bool = False
    """The application's own cache answered (litellm's cache), so nobody was paid."""
    streamed: bool = False
    attempts: tuple[Attempt, ...] = ()
    fallback_from: FailedCall | None = None
    """The call that failed before this one was made in its place: by a litellm Router, by hand, ..."""
    status: Status = "ok"
    source: Source = "local"

    @property
    def name(self) -> str:
        """Provider and model, as reports show them: ``openai/gpt-4o-mini``."""
        return f"{self.provider}/{self.model}" if self.provider else self.model


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ToolCall(Entry):
    """One tool call: requested by a model, executed under observation, or both."""

    name: str
    arguments: Any = None
    """The arguments as data; as text where they are not valid JSON."""
    result: Any = None
    error: str | None = None
    call_id: str | None = None
    executed: bool = False
    """Whether the execution itself was observed."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Event(Entry):
    """Anything else worth keeping: run start and end, context summarised, an application's own."""

    name: str
    data: Any = None
    compared: bool = True
    """False: a circumstance. It is shown and reported, and no part of the golden trace."""


AnyEntry = LLMCall | ToolCall | Event


@frozen
class Trace:
    """Everything observed in one test (or one fixture), in the order in which it began."""

    owner: str
    """The pytest node id, or ``fixture <scope> <name>``."""
    entries: tuple[AnyEntry, ...] = ()

    @property
    def calls(self) -> tuple[LLMCall, ...]:
        """The LLM calls."""
        if _CALLS.issuperset(map(type, self.entries)):  # as nearly always: whoever asks gets the same tuple
            return self.entries  # type: ignore[return-value]
        return tuple(entry for entry in self.entries if isinstance(entry, LLMCall))

    @property
    def events(self) -> tuple[Event, ...]:
        """The events."""
        return tuple(entry for entry in self.entries if isinstance(entry, Event))

    @property
    def behaviour(self) -> Trace:
        """The trace without circumstances: what a golden trace holds, and what is compared with it."""
        if _CALLS.issuperset(map(type, self.entries)):
            return self
        kept = tuple(one for one in self.entries if not isinstance(one, Event) or one.compared)
        return self if len(kept) == len(self.entries) else replace(self, entries=kept)

    @property
    def executions(self) -> tuple[ToolCall, ...]:
        """The tool executions that were observed."""
        return tuple(entry for entry in self.entries if isinstance(entry, ToolCall))


def _is_left_out(entry: Entry, one: Field[Any]) -> bool:
    default = one.default_factory() if one.default_factory is not MISSING else one.default
    return one.name in _NOT_SHOWN or getattr(entry, one.name) == default


_NOT_SHOWN: Final = frozenset({"id", "started", "duration"})


def with_changes(call: LLMCall, **changes: Any) -> LLMCall:
    """As `dataclasses.replace`, in less than half the time: a call has thirty fields, and is made anew several times.

    The fields that stay go from one value to the other without passing a constructor. Raises: `KeyError`, where a call
    has no such field.
    """
    made: LLMCall = object.__new__(LLMCall)
    for put, value in zip(_PUTS, _values_of(call), strict=True):
        put(made, value)
    for name, value in changes.items():
        _PUT[name](made, value)
    return made


def with_attempt_costs(call: LLMCall) -> LLMCall:
    """The call with a cost at each attempt."""
    return replace(call, attempts=attempts_with_costs(call)) if call.attempts else call


def attempts_with_costs(call: LLMCall) -> tuple[Attempt, ...]:
    """The attempts of a call: the one that was answered cost what the call did, the others nothing."""
    return with_costs(call.attempts, 0.0 if call.usage is None and call.status != "ok" else call.cost)


def with_costs(attempts: tuple[Attempt, ...], cost: float | None) -> tuple[Attempt, ...]:
    """The attempts of a call that cost so much."""
    answered = [number for number, one in enumerate(attempts) if one.status is not None and one.status < 400]
    payer = answered[-1] if answered else len(attempts) - 1
    return tuple(
        [
            Attempt(
                status=one.status,
                source=one.source,
                interaction=one.interaction,
                cost=cost if number == payer else 0.0,
                server=one.server,
            )
            for number, one in enumerate(attempts)
        ]
    )


_CALLS: Final = frozenset({LLMCall})
_FIELDS: Final = tuple(one.name for one in fields(LLMCall))
_values_of: Final = attrgetter(*_FIELDS)
_PUT: Final = {name: getattr(LLMCall, name).__set__ for name in _FIELDS}
_PUTS: Final = tuple(_PUT.values())
