"""What a provider keeps: answers in the background, and conversations that it continues."""

from __future__ import annotations

import json
from typing import Any

from pytest_llmtrace._capture.assembly.serverside import KEPT, fetched_response
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.conftest import Observed
from tests.unit.capture.dialects.dialect_wire import request, response, sse

RESPONSES = "https://api.openai.com/v1/responses"


def reply(name: str, text: str | None = None, status: str = "completed", tokens: int = 0) -> dict[str, Any]:
    items = [] if text is None else [{"type": "message", "role": "assistant", "content": [{"text": text}]}]
    usage = {"input_tokens": tokens, "output_tokens": tokens} if tokens else None
    return {"id": name, "status": status, "output": items, "usage": usage}


def exchange(observed: Observed, asked: HttpRequest, answer: dict[str, Any] | HttpResponse) -> None:
    made = observed.recorder.open(asked, None)
    observed.recorder.answered(made, answer if isinstance(answer, HttpResponse) else response(answer))


def ask(**body: Any) -> HttpRequest:
    return request(RESPONSES, {"model": "m", **body})


def fetch(name: str) -> HttpRequest:
    return HttpRequest(method="GET", url=f"{RESPONSES}/{name}")


def texts(observed: Observed) -> list[list[tuple[str, str]]]:
    return [[(one["role"], one.text) for one in call.messages] for call in observed.calls]


def test_an_answer_in_the_background_is_the_answer_of_the_call(observed: Observed) -> None:
    """However often it is fetched, it is one call, with the output, usage and end of the last fetch."""
    exchange(observed, ask(input="hi", background=True), reply("resp_1", status="queued"))
    exchange(observed, fetch("resp_1"), reply("resp_1", status="in_progress"))
    exchange(observed, fetch("resp_1"), reply("resp_1", "Hello", tokens=3))

    call = observed.call
    assert call.output is not None
    assert (call.output.text, call.finish_reason, call.status) == ("Hello", "completed", "ok")
    assert call.usage == Usage(input_tokens=3, output_tokens=3)
    assert len(call.attempts) == 1


def test_an_answer_that_is_never_fetched_is_abandoned(observed: Observed) -> None:
    """It may be there by now, but the application did not look."""
    exchange(observed, ask(input="hi", background=True), reply("resp_1", status="queued"))

    assert (observed.call.status, observed.call.finish_reason, observed.call.output) == ("abandoned", "queued", None)


def test_a_cancelled_answer_is_abandoned(observed: Observed) -> None:
    """The provider says so."""
    exchange(observed, ask(input="hi", background=True), reply("resp_1", status="queued"))
    exchange(observed, request(f"{RESPONSES}/resp_1/cancel", {}), reply("resp_1", status="cancelled"))

    assert (observed.call.status, observed.call.finish_reason) == ("abandoned", "cancelled")


def test_a_fetch_that_fails_leaves_the_answer_as_it_was(observed: Observed) -> None:
    """A refused fetch is no answer."""
    exchange(observed, ask(input="hi"), reply("resp_1", "Hello"))
    exchange(observed, fetch("resp_1"), response({"error": {"message": "gone"}}, status=404))

    assert observed.call.output is not None
    assert observed.call.output.text == "Hello"


def test_a_response_of_another_time_is_no_call(observed: Observed) -> None:
    """Nothing was asked here."""
    exchange(observed, fetch("resp_0"), reply("resp_0", "Hello"))

    assert observed.calls == ()


def test_a_call_that_names_a_response_continues_its_conversation(observed: Observed) -> None:
    """Its messages are those that the model sees; the random id is not in the trace."""
    exchange(observed, ask(input="Hi", instructions="Be brief."), reply("resp_1", "Hello"))
    exchange(
        observed, ask(input="And?", instructions="Be long.", previous_response_id="resp_1"), reply("resp_2", "So.")
    )
    exchange(observed, ask(input="Bye", previous_response_id="resp_2"), reply("resp_3", "Bye"))

    assert texts(observed) == [
        [("system", "Be brief."), ("user", "Hi")],
        [("system", "Be long."), ("user", "Hi"), ("assistant", "Hello"), ("user", "And?")],
        [("user", "Hi"), ("assistant", "Hello"), ("user", "And?"), ("assistant", "So."), ("user", "Bye")],
    ]
    assert [call.params for call in observed.calls] == [{}, *[{"previous_response_id": KEPT}] * 2]


def test_two_calls_may_continue_one_response(observed: Observed) -> None:
    """Each from there, streamed or not; equal instructions keep it one conversation."""
    first = sse(
        {"type": "response.created", "response": {"id": "resp_1"}},
        {"type": "response.completed", "response": reply("resp_1", "Hello")},
    )
    exchange(observed, ask(input="Hi", stream=True), first)
    exchange(observed, ask(input="A?", previous_response_id="resp_1"), reply("resp_2", "a"))
    exchange(observed, ask(input="B?", previous_response_id="resp_1"), reply("resp_3", "b"))

    assert texts(observed)[1:] == [
        [("user", "Hi"), ("assistant", "Hello"), ("user", "A?")],
        [("user", "Hi"), ("assistant", "Hello"), ("user", "B?")],
    ]
    assert len(conversations(observed.calls)) == 1


def test_a_response_of_another_trace_leaves_the_messages_as_sent(observed: Observed) -> None:
    """Nothing is known of it but that it was there."""
    exchange(observed, ask(input="Hi", previous_response_id="resp_0"), reply("resp_1", "Hello"))

    assert texts(observed) == [[("user", "Hi")]]
    assert observed.call.params == {"previous_response_id": KEPT}


def test_calls_of_a_conversation_at_the_provider_are_one_conversation(observed: Observed) -> None:
    """Named as text or as an object."""
    exchange(observed, ask(input="Hi", conversation="conv_1"), reply("resp_1", "Hello"))
    exchange(observed, ask(input="Bye", conversation={"id": "conv_1"}), reply("resp_2", "Bye"))

    assert texts(observed)[1] == [("user", "Hi"), ("assistant", "Hello"), ("user", "Bye")]
    assert {json.dumps(call.params) for call in observed.calls} == {json.dumps({"conversation": KEPT})}


def test_only_a_fetch_is_a_fetch() -> None:
    """By method and path."""
    assert fetched_response(fetch("resp_1")) == "resp_1"
    assert fetched_response(HttpRequest(method="DELETE", url=f"{RESPONSES}/resp_1")) is None
    assert fetched_response(HttpRequest(method="GET", url=f"{RESPONSES}/resp_1/input_items")) is None
    assert fetched_response(request(f"{RESPONSES}/compact", {})) is None
