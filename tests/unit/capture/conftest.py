"""A recorder in place of a traced test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from pytest_llmtrace._capture import current
from pytest_llmtrace._capture.assembly.assemble import assemble
from pytest_llmtrace._capture.exchange import interaction_of
from pytest_llmtrace._capture.from_litellm.call import LitellmCall
from pytest_llmtrace._capture.gates import Gates, Wire
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.tape import Tape
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.trace import Event, LLMCall, ToolCall, Trace

SECRET = "sk-hand-0123456789"
PRICES = {"m1": {"input_cost_per_token": 0.5, "output_cost_per_token": 1.0}}


@dataclass
class Observed:
    """What a test of this repository observes of itself."""

    recorder: Recorder

    @property
    def trace(self) -> Trace:
        return assemble(self.recorder, PriceBook(PRICES)).trace

    @property
    def calls(self) -> tuple[LLMCall, ...]:
        return self.trace.calls

    @property
    def call(self) -> LLMCall:
        (call,) = self.trace.calls
        return call

    @property
    def events(self) -> list[tuple[str, object]]:
        return [(event.name, event.data) for event in self.trace.events]

    @property
    def tools(self) -> tuple[ToolCall, ...]:
        return self.trace.executions

    @property
    def order(self) -> list[str]:
        return [entry.model if isinstance(entry, LLMCall) else entry.name for entry in self.trace.entries]

    @property
    def only_event(self) -> Event:
        (event,) = self.trace.events
        return event

    def taped(self) -> tuple[Interaction, ...]:
        return tuple(interaction_of(one) for one in self.recorder.recorded())

    def chat(
        self,
        text: str = "hi",
        answer: object = "hello",
        *,
        model: str = "gpt-4o-mini",
        status: int = 200,
        context: LitellmCall | None = None,
    ) -> None:
        """Make a request to a model, as an intercepted SDK does."""
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        self.request("/v1/chat/completions", body, _chat_answer(model, answer), status=status, context=context)

    def request(
        self, path: str, body: object, answer: object, *, status: int = 200, context: LitellmCall | None = None
    ) -> None:
        request = HttpRequest(method="POST", url=f"http://127.0.0.1:8000{path}", body=json.dumps(body).encode())
        exchange = self.recorder.open(request, context)
        if exchange.response is None:
            headers = (("content-type", "application/json"),)
            response = HttpResponse(status=status, headers=headers, body=json.dumps(answer).encode())
            self.recorder.answered(exchange, response)


def _chat_answer(model: str, said: object) -> object:
    if not isinstance(said, str):
        return said
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
    return {"model": model, "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}


def observed_with(wire: Wire = "live", tape: tuple[Interaction, ...] = ()) -> Observed:
    """A recorder that is not current yet."""
    made = Recorder(
        "t",
        wire=wire,
        tape=Tape(tape),
        journal=Tape(()),
        has_cassette=bool(tape),
        redactor=Redactor([SECRET]),
        gates=Gates(),
    )
    return Observed(made)


@pytest.fixture
def observed() -> Iterator[Observed]:
    """A recorder that is current during the test."""
    made = observed_with()
    current.push(made.recorder)
    yield made
    current.pop(made.recorder)
    made.recorder.framework.release()
