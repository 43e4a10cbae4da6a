"""What a dialect is: how one provider API writes a question and an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Final, Protocol

from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage

BARE: Final = "[]"
"""Under this name `Dialect.answer` finds an answer that is a list of anything but objects: Hugging Face's vectors."""

MEDIA: Final = "media"
"""Under this name `Dialect.answer` finds an answer that is no text at all, as a part with digest and size."""


@frozen
class Question:
    """What a request asks, in the shape of the trace."""

    model: str
    messages: tuple[Message, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    tools: tuple[Mapping[str, Any], ...] = ()
    streamed: bool = False
    provider: str = ""
    """Who speaks this form of the dialect where the host does not say; empty: the dialect's own `provider`."""


@frozen
class Answer:
    """What a response says, in the shape of the trace."""

    output: Mapping[str, Any] | None = None
    """Fields of the assistant message, before `message` puts them in order."""
    finish_reason: str | None = None
    """In the provider's own words."""
    usage: Usage | None = None
    model: str | None = None
    error: CallError | None = None
    complete: bool = True
    """Whether the answer has its end; a stream may lack it."""
    cost: float | None = None
    """US dollars, where the provider says what it charged."""


class Dialect(Protocol):
    """One provider API. Readers accept anything that JSON can hold: a missing part is an empty part."""

    @property
    def operation(self) -> str:
        """What the trace calls it; no two dialects share one."""
        raise NotImplementedError

    @property
    def provider(self) -> str:
        """Who speaks it where the host does not say."""
        raise NotImplementedError

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        """Whether a request with this path (no query, no trailing slash) and this body is a call. No walk."""
        raise NotImplementedError

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        """What the request asks."""
        raise NotImplementedError

    def answer(self, data: Mapping[str, Any]) -> Answer:
        """What a response in one piece says."""
        raise NotImplementedError

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        """What a streamed response says; `done`: whether the stream had an end marker of its own (``[DONE]``)."""
        raise NotImplementedError
