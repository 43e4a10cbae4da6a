"""Calls given by hand around calls that HTTP shows: each is counted once."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

import pytest_llmtrace as llmtrace
from pytest_llmtrace._capture import current
from pytest_llmtrace._capture.assembly.assemble import assemble
from pytest_llmtrace._capture.exchange import ReplayStopError
from pytest_llmtrace._capture.from_litellm.call import LitellmCall
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.conftest import SECRET, observed_with

BUSY = {"error": {"type": "rate_limit", "message": "try later"}}
HTTP = Usage(input_tokens=3, output_tokens=2)


def statuses(call):
    return [attempt.status for attempt in call.attempts]


def test_a_request_inside_is_the_calls_attempt(observed):
    """HTTP fills in what the application did not say: messages, output, usage, cost, model, finish reason."""
    with llmtrace.agent("lead"), llmtrace.call() as call:
        observed.chat("hi", "hello")
    made = observed.call
    assert (made.name, made.messages[0].text, made.output.text) == ("openai/gpt-4o-mini", "hi", "hello")
    assert (made.usage, made.finish_reason, made.source, statuses(made)) == (HTTP, "stop", "live", [200])
    assert made.cost == pytest.approx(3 * 0.15e-6 + 2 * 0.6e-6)
    assert (made.agent, made.started) == ("lead", call.record.started - observed.recorder.began)


def test_what_the_application_states_wins(observed):
    """Its provider, model, output and usage; the price is that of what was stated."""
    with llmtrace.call(provider="acme", model="m1", messages="asked") as call:
        observed.chat("hi", "hello")
        call.output = "HELLO"
        call.usage = {"prompt_tokens": 10, "completion_tokens": 5}
    made = observed.call
    assert (made.name, made.messages[0].text, made.output.text) == ("acme/m1", "asked", "HELLO")
    assert (made.usage.input_tokens, made.cost, made.finish_reason) == (10, 10.0, "stop")


def test_another_name_for_a_model_keeps_its_price(observed):
    """An alias has no price of its own: that of the model that answered counts."""
    with llmtrace.call(provider="gateway", model="smart"):
        observed.chat()
    with llmtrace.call(provider="gateway", model="smart") as call:
        observed.chat()
        call.usage = {"prompt_tokens": 6, "completion_tokens": 4}
    first, second = observed.calls
    assert first.name == "gateway/smart"
    assert (first.cost, second.cost) == (pytest.approx(1.65e-6), pytest.approx(3.3e-6))


def test_a_traced_function_knows_less_than_http(observed):
    """What was only read from arguments and result does not replace what was really sent and answered."""

    @llmtrace.traced(model="m1")
    def ask(question):
        observed.chat(f"Please answer: {question}", "hello")
        return "HELLO!"

    ask("hi")
    made = observed.call
    assert (made.name, made.messages[0].text, made.output.text, made.usage) == (
        "openai/m1",
        "Please answer: hi",
        "hello",
        HTTP,
    )


def test_retries_and_fallbacks_over_http_are_attempts(observed):
    """Failed requests and the one that was answered are one call; the fallback is an event."""
    with llmtrace.call(provider="openai", model="gpt-4o") as call:
        observed.chat(answer=BUSY, model="gpt-4o", status=429)
        observed.chat(answer=BUSY, model="gpt-4o", status=429)
        call.fallback_to("openai", "gpt-4o-mini")
        observed.chat(answer="hello", model="gpt-4o-mini")
    made = observed.call
    assert (made.name, made.status, statuses(made), made.usage) == ("openai/gpt-4o-mini", "ok", [429, 429, 200], HTTP)
    assert observed.events == [("fallback", {"from": "openai/gpt-4o", "to": "openai/gpt-4o-mini"})]


def test_a_try_that_http_did_not_see_stands_before_those_that_it_saw(observed):
    """A fallback from something else to HTTP has both as attempts."""
    with llmtrace.call(provider="local", model="llama") as call:
        call.fallback_to("openai", "gpt-4o-mini", error="out of memory")
        observed.chat()
    assert statuses(observed.call) == [None, 200]


def test_a_request_that_failed_fails_the_call(observed):
    """With what HTTP says of it, whether the application raises, or does nothing."""

    class SdkError(Exception):
        pass

    def ask():
        with llmtrace.call():
            observed.chat("one", BUSY, status=429)
            raise SdkError

    with pytest.raises(SdkError):
        ask()
    with llmtrace.call():
        observed.chat("two", BUSY, status=429)
    for made in observed.calls:
        assert (made.status, made.error.type, made.error.message, made.error.status) == (
            "error",
            "rate_limit",
            "try later",
            429,
        )


def test_an_application_may_go_on_after_a_failed_request(observed):
    """It has its answer from elsewhere: the call is fine, the failed request one of its attempts."""
    with llmtrace.call(model="m1") as call:
        observed.chat(answer=BUSY, status=500)
        call.output = "from the spare"
    made = observed.call
    assert (made.status, made.error, made.output.text, statuses(made)) == ("ok", None, "from the spare", [500])
    assert made.usage.estimated


def test_an_application_may_fail_after_a_good_answer(observed):
    """The call failed, and what was paid for is still counted."""

    def ask():
        with llmtrace.call():
            observed.chat()
            raise ValueError("unusable")

    with pytest.raises(ValueError, match="unusable"):
        ask()
    made = observed.call
    assert (made.status, made.error.type, made.usage) == ("error", "ValueError", HTTP)


def test_a_call_around_several_answers_is_only_a_frame(observed):
    """Each answer was paid for and stays a call; the frame is an event without tokens."""

    @llmtrace.traced(provider="acme", model="agent")
    def agent(question):
        observed.chat("one")
        observed.chat("two")
        return {"choices": [{"message": {"content": "done"}}], "usage": {"prompt_tokens": 6, "completion_tokens": 4}}

    agent("hi")
    assert observed.order == ["call", "gpt-4o-mini", "gpt-4o-mini"]
    assert observed.events == [("call", {"model": "acme/agent"})]
    assert [call.usage for call in observed.calls] == [HTTP, HTTP]


def test_calls_by_hand_inside_each_other(observed):
    """The outer one is a frame, unless it states tokens of its own."""

    @llmtrace.traced(model="m1")
    def inner():
        return "hello"

    @llmtrace.traced(model="m1")
    def outer():
        return inner()

    outer()
    assert observed.order == ["call", "m1"]
    with llmtrace.call(model="lead") as call:
        inner()
        call.usage = {"prompt_tokens": 10, "completion_tokens": 5}
    assert observed.order == ["call", "m1", "lead", "m1"]


def test_a_retrieval_inside_is_a_call_of_its_own(observed):
    """Embeddings are never an attempt to answer."""
    with llmtrace.call():
        answer = {"data": [{"embedding": [0.5]}], "usage": {"prompt_tokens": 1}}
        observed.request("/v1/embeddings", {"model": "embed", "input": "hi"}, answer)
        observed.chat()
    assert [(call.operation, call.model) for call in observed.calls] == [
        ("chat", "gpt-4o-mini"),
        ("embeddings", "embed"),
    ]
    with llmtrace.call(operation="embeddings"):
        observed.request("/v1/embeddings", {"model": "embed", "input": "more"}, answer)
    assert len(observed.calls) == 3


def test_two_calls_do_not_share_a_request(observed):
    """A retry that the application wraps in a new call is a new call."""
    with llmtrace.call():
        observed.chat(answer=BUSY, status=429)
    with llmtrace.call():
        observed.chat()
    observed.chat()
    assert [(call.status, statuses(call)) for call in observed.calls] == [
        ("error", [429]),
        ("ok", [200]),
        ("ok", [200]),
    ]


def test_requests_in_threads_and_tasks_inside_belong_to_the_call(observed):
    """A timeout thread, a pool, a task; concurrent calls keep theirs apart."""

    def ask(number):
        with llmtrace.call(provider="acme", model=f"m{number}"), ThreadPoolExecutor(1) as pool:
            pool.submit(observed.chat, f"q{number}", f"a{number}").result()

    async def ask_async(number):
        async with llmtrace.call(provider="acme", model=f"m{number}"):
            await asyncio.gather(asyncio.to_thread(observed.chat, f"q{number}", f"a{number}"))

    async def main():
        await asyncio.gather(*(ask_async(number) for number in range(8, 12)))

    started = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    asyncio.run(main())
    found = {call.model: (call.messages[0].text, call.output.text, statuses(call)) for call in observed.calls}
    assert found == {f"m{number}": (f"q{number}", f"a{number}", [200]) for number in range(12)}


def test_a_task_that_outlives_the_call_is_on_its_own(observed):
    """It keeps the context in which it was created, but the call is over."""

    async def main():
        go = asyncio.Event()

        async def later():
            await go.wait()
            observed.chat("later")

        async with llmtrace.call(provider="acme", model="m1") as call:
            task = asyncio.create_task(later())
            call.output = "hello"
        go.set()
        await task

    asyncio.run(main())
    assert [(call.name, statuses(call)) for call in observed.calls] == [("acme/m1", []), ("openai/gpt-4o-mini", [200])]


def test_a_tool_inside_a_call_has_its_own_requests(observed):
    """What a tool asks a model is no attempt of the call that has the tool executed."""

    @llmtrace.tool
    def research():
        observed.chat("research")

    with llmtrace.call(provider="acme", model="m1") as call:
        research()
        call.output = "hello"
    assert [(one.name, statuses(one)) for one in observed.calls] == [("acme/m1", []), ("openai/gpt-4o-mini", [200])]


def test_a_miss_inside_a_call_is_the_call(observed):
    """Replay names the drift of the call that missed, and the stop passes through."""
    with llmtrace.call(provider="acme", model="m1"):
        observed.chat("hi")
    replay = observed_with("tape", observed.taped())
    current.push(replay.recorder)

    def ask():
        with llmtrace.call(provider="acme", model="m1") as call:
            try:
                replay.chat("other")
            except Exception:  # noqa: BLE001 - as applications do
                call.output = "swallowed"

    try:
        with pytest.raises(ReplayStopError):
            ask()
    finally:
        current.pop(replay.recorder)
    made = replay.call
    assert (made.name, made.status, made.messages[0].text, made.output) == ("acme/m1", "missed", "other", None)


def test_litellm_calls_inside_belong_to_the_call(observed):
    """One that litellm answers itself is no second entry."""
    messages = [{"role": "user", "content": "hi"}]
    with llmtrace.call(provider="acme", model="m1"):
        made = LitellmCall(
            heard_by=weakref.ref(observed.recorder),
            kwargs={"model": "gpt-4o-mini", "messages": messages, "custom_llm_provider": "openai"},
            local=True,
            succeeded=True,
            response={"choices": [{"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}]},
            ended=time.perf_counter(),
        )
        observed.recorder.litellm_calls.append(made)
    assembled = assemble(observed.recorder, PriceBook())
    (call,) = assembled.trace.calls
    assert (call.name, call.output.text, call.source, assembled.bypassed) == ("acme/m1", "hello", "local", ())


@pytest.mark.parametrize("joined_by", ["context", "what was asked"])
def test_a_litellm_call_is_one_with_its_request_where_something_is_redacted(observed, joined_by):
    """The real text that litellm knows, and the placeholder of the request, are one call, listed once."""
    text = f"use {SECRET}, please"
    made = LitellmCall(
        heard_by=weakref.ref(observed.recorder),
        kwargs={"model": "gpt-4o-mini"},
        model="gpt-4o-mini",
        asked=[{"role": "user", "content": text}],
        sent={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]},
        succeeded=True,
    )
    observed.recorder.litellm_calls.append(made)
    observed.chat(text, context=made if joined_by == "context" else None)
    made.ended = time.perf_counter()
    assembled = assemble(observed.recorder, PriceBook())
    (call,) = assembled.trace.calls
    assert (call.messages[0].text, assembled.bypassed) == ("use REDACTED, please", ())


def test_what_our_own_stop_ended_was_not_reached(observed):
    """A miss inside a tool or a call ends those too: the miss is the finding, and they say nothing."""
    search = llmtrace.tool(name="search", replay=True)(lambda query: query)

    @llmtrace.tool
    def lookup(query):
        return search(query)

    agent_of(observed, lookup)("a")
    replay = observed_with("tape", observed.taped())
    current.push(replay.recorder)
    try:
        with pytest.raises(ReplayStopError), llmtrace.call(model="m2"):
            lookup("b")
        with pytest.raises(ReplayStopError):
            agent_of(replay, lookup)("b")
    finally:
        current.pop(replay.recorder)
    assert replay.tools == ()
    assert [(call.model, call.status) for call in replay.calls] == [("m1", "ok")]


def agent_of(observed, lookup):
    """An agent that asks a model and then its tool."""

    @llmtrace.traced(model="m1")
    def agent(query):
        observed.chat("hi", "hello")
        return lookup(query)

    return agent
