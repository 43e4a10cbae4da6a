"""Retries and fallbacks: which requests are the attempts of one call, and which calls take the place of another."""

import asyncio
import itertools
import threading

from pytest_llmtrace._capture.current import pop, push
from pytest_llmtrace._capture.from_litellm.logger import _after, _before
from pytest_llmtrace._capture.wire.in_flight import litellm_call
from pytest_llmtrace._model.trace import Attempt, FailedCall
from tests.unit.capture.conftest import observed_with

MINI = FailedCall(model="openai/gpt-4o-mini", error="rate_limited")
NUMBERS = itertools.count()
BUSY = {"error": {"type": "rate_limited", "message": "later"}}


class BusyError(Exception):
    """What litellm makes of a 429."""


class Router:
    """A Router of litellm, as its logger sees it: each attempt is a call of its own, with one trace id."""

    def __init__(self, observed, trace_id="t1"):
        self.observed = observed
        self.trace_id = trace_id
        self.number = next(NUMBERS)
        self.tries = 0

    def ask(self, text, *, model="gpt-4o-mini", status=200, same_call=False):
        """One attempt."""
        messages = [{"role": "user", "content": text}]
        kwargs = {
            "litellm_call_id": f"{self.number}-{0 if same_call else self.tries}",
            "litellm_trace_id": self.trace_id,
            "litellm_params": {"metadata": {} if same_call else {"attempted_retries": self.tries}},
            "model": model,
            "custom_llm_provider": "openai",
            "messages": messages,
            "additional_args": {"complete_input_dict": {"model": model, "messages": messages}},
        }
        self.tries += 1
        _before(kwargs)
        answer = "hello" if status == 200 else BUSY
        self.observed.chat(text, answer, model=model, status=status, context=litellm_call.get())
        if status != 200:
            kwargs["exception"] = BusyError()
        _after(kwargs, {} if status == 200 else None, None, None, succeeded=status == 200)
        litellm_call.set(None)


def shown(observed):
    """What the trace says of each call: model, status, attempts, and what failed before it."""
    return [
        (call.model, call.status, [one.status for one in call.attempts], call.fallback_from) for call in observed.calls
    ]


def test_a_router_that_tries_again_has_one_call_with_attempts(observed):
    """Every attempt is a litellm call of its own, yet the call is one; the attempt that was answered cost it all."""
    router = Router(observed)
    router.ask("hi", status=429)
    router.ask("hi", status=429)
    router.ask("hi")
    (call,) = observed.calls
    assert (call.status, call.fallback_from) == ("ok", None)
    assert call.attempts == (
        Attempt(status=429, source="live", cost=0.0),
        Attempt(status=429, source="live", cost=0.0),
        Attempt(status=200, source="live", cost=call.cost),
    )
    assert call.cost


def test_a_router_that_falls_back_names_the_call_that_failed(observed):
    """The fallback is a call of its own in the same conversation, linked with the last one that failed."""
    router = Router(observed)
    for _ in range(2):
        router.ask("hi", status=429)
    router.ask("hi", model="gpt-4o", status=429)
    router.ask("hi", model="gpt-4.1")
    assert shown(observed) == [
        ("gpt-4o-mini", "error", [429, 429], None),
        ("gpt-4o", "error", [429], FailedCall(model="openai/gpt-4o-mini", error="BusyError")),
        ("gpt-4.1", "ok", [200], FailedCall(model="openai/gpt-4o", error="BusyError")),
    ]


def test_routers_side_by_side_are_told_apart(observed):
    """Attempts that are equal word for word belong to the Router call that made them."""
    one, other = Router(observed, "t1"), Router(observed, "t2")
    one.ask("hi", status=429)
    other.ask("hi", status=429)
    other.ask("hi", model="gpt-4o")
    one.ask("hi")
    failed = FailedCall(model="openai/gpt-4o-mini", error="BusyError")
    assert shown(observed) == [
        ("gpt-4o-mini", "ok", [429, 200], None),
        ("gpt-4o-mini", "error", [429], None),
        ("gpt-4o", "ok", [200], failed),
    ]


def test_fallbacks_of_one_litellm_call_are_linked_by_its_id(observed):
    """`completion(fallbacks=...)` goes on under one call id."""
    router = Router(observed)
    thread = threading.Thread(target=lambda: router.ask("hi", status=429, same_call=True))  # its strand says nothing
    thread.start()
    thread.join()
    router.ask("hi", model="gpt-4o", same_call=True)
    assert [call.fallback_from for call in observed.calls] == [
        None,
        FailedCall(model="openai/gpt-4o-mini", error="BusyError"),
    ]


def test_a_trace_id_of_the_application_is_no_sign_of_a_fallback(observed):
    """Only a Router that says it has tried before goes on: applications give one trace id to whole sessions."""
    for text, status in (("a", 429), ("b", 200)):
        Router(observed, "session").ask(text, status=status)
    assert [call.fallback_from for call in observed.calls] == [None, None]


def test_the_same_question_after_a_failure_is_a_fallback_by_hand(observed):
    """`try` and `except` around two SDKs: the provider's own word for the error is kept."""
    observed.chat("hi", BUSY, status=400)
    observed.chat("hi", model="gpt-4o")
    observed.chat("hi", model="gpt-4o")
    assert [call.fallback_from for call in observed.calls] == [None, MINI, None]


def test_another_question_after_a_failure_is_no_fallback(observed):
    """What asks something else stands for itself."""
    observed.chat("hi", BUSY, status=400)
    observed.chat("ho", model="gpt-4o")
    assert [call.fallback_from for call in observed.calls] == [None, None]


def test_members_of_a_fan_out_are_no_fallbacks_of_one_that_failed(observed):
    """In tasks and threads of their own, calls that ask the same do not follow each other, though a replay is fast."""

    async def ask(model, answer, status):
        observed.chat("hi", answer, model=model, status=status)

    async def fan_out():
        await asyncio.gather(ask("gpt-4o-mini", BUSY, 400), ask("gpt-4o", "hello", 200))

    asyncio.run(fan_out())
    for model, answer, status in (("gpt-4o-mini", BUSY, 400), ("gpt-4o", "hello", 200)):
        thread = threading.Thread(target=lambda m=model, a=answer, s=status: observed.chat("ho", a, model=m, status=s))
        thread.start()
        thread.join()
    assert [call.fallback_from for call in observed.calls] == [None] * 4


def test_one_task_that_asks_again_falls_back():
    """In a task, order is the program's own."""
    observed = observed_with()

    async def ask():
        observed.chat("hi", BUSY, status=400)
        await asyncio.sleep(0)
        observed.chat("hi", model="gpt-4o")

    push(observed.recorder)
    try:
        asyncio.run(ask())
    finally:
        pop(observed.recorder)
    assert [call.fallback_from for call in observed.calls] == [None, MINI]
