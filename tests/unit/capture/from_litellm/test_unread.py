"""litellm's records of calls that nobody reads: when they are not made, and what is told in their place."""

from __future__ import annotations

import asyncio
import functools
import logging
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from weakref import ref

import pytest

from pytest_llmtrace._capture.from_litellm.call import LitellmCall
from pytest_llmtrace._capture.from_litellm.mark import KEY, Mark
from pytest_llmtrace._capture.from_litellm.unread import (
    LISTS,
    MAKE,
    MAKE_LATER,
    MODULE,
    OWN_LISTS,
    PRINTS,
    RECORD,
    UnreadRecords,
)
from tests.unit.capture.conftest import Observed, observed_with

OURS = object()
SOMEBODY = object()
START, END = object(), object()


def record_class() -> type:
    """In the place of litellm's: notes which records are made."""

    class Logging:
        def __init__(self, details: dict[str, Any]) -> None:
            self.model_call_details = details
            self.call_type = "completion"
            self.stream = False
            for name in OWN_LISTS:
                setattr(self, name, None)
            self.made: list[object] = []

        def success_handler(self, result=None, start_time=None, end_time=None, cache_hit=None, **more):  # type: ignore[no-untyped-def]
            self.made.append((result, start_time, end_time, cache_hit, more))

        async def async_success_handler(self, result=None, start_time=None, end_time=None, cache_hit=None, **more):  # type: ignore[no-untyped-def]
            self.made.append((result, start_time, end_time, cache_hit, more))

    for name in (MAKE, MAKE_LATER):
        vars(Logging)[name].__module__ = MODULE
    return Logging


class Litellm:
    """litellm, one call of it that the tape has answered, and what we are told."""

    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self.kind = record_class()
        self.module = SimpleNamespace(**{name: [OURS] if name != "callbacks" else [] for name in LISTS})
        self.call = LitellmCall(heard_by=ref(observed.recorder), kwargs={})
        self.details: dict[str, Any] = {KEY: Mark(self.call), "litellm_params": {"metadata": None}}
        self.answer = SimpleNamespace(_hidden_params={"response_cost": 0.25})
        self.record = self.kind(self.details)
        self.told: list[tuple[object, ...]] = []
        self.unread = UnreadRecords(lambda *said: self.told.append(said))

    def make(self) -> list[object]:
        """As litellm does after each call. Returns which records were made."""
        getattr(self.record, MAKE)(self.answer, START, END)
        made: list[object] = self.record.made
        return made


@pytest.fixture
def litellm_like(monkeypatch: pytest.MonkeyPatch) -> Iterator[Litellm]:
    """Attached to."""
    first = observed_with()
    first.chat()
    made = Litellm(observed_with("tape", first.taped()))
    made.observed.chat(context=made.call)
    monkeypatch.setitem(sys.modules, "litellm", made.module)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, MODULE, SimpleNamespace(**{RECORD: made.kind}))  # type: ignore[arg-type]
    made.unread.attach(OURS)
    yield made
    made.unread.detach()


def test_a_record_that_nobody_reads_is_not_made(litellm_like: Litellm) -> None:
    """We are told of the end of the call, with the cost where litellm puts it."""
    assert litellm_like.make() == []
    assert litellm_like.told == [(litellm_like.details, litellm_like.answer, START, END)]
    assert litellm_like.details["response_cost"] == 0.25


def test_nor_is_one_of_an_asynchronous_call(litellm_like: Litellm) -> None:
    """A coroutine of litellm does it, which gets what it needs by name."""
    made = getattr(litellm_like.record, MAKE_LATER)(result=litellm_like.answer, start_time=START, end_time=END)
    asyncio.run(made)
    assert litellm_like.record.made == []
    assert litellm_like.told == [(litellm_like.details, litellm_like.answer, START, END)]


def test_metadata_of_the_application_gets_what_litellm_adds_to_it(litellm_like: Litellm) -> None:
    """An application may look there."""
    mine = {"agent": "a"}
    litellm_like.details["litellm_params"]["metadata"] = mine
    litellm_like.make()
    assert mine == {"agent": "a", "hidden_params": litellm_like.answer._hidden_params}


READ = {
    "callbacks": lambda one: one.module.callbacks.append(SOMEBODY),
    "the callback of an input": lambda one: one.module.input_callback.append(SOMEBODY),
    "a name in a list": lambda one: one.module.success_callback.append("langfuse"),
    "asynchronous callbacks": lambda one: one.module._async_success_callback.append(SOMEBODY),
    "a list that is none": lambda one: setattr(one.module, "success_callback", (SOMEBODY,)),
    "an unknown litellm": lambda one: delattr(one.module, "_async_success_callback"),
    "the call's own callback": lambda one: setattr(one.record, "dynamic_success_callbacks", [SOMEBODY]),
    "the call's own asynchronous callback": lambda one: setattr(
        one.record, "dynamic_async_success_callbacks", [SOMEBODY]
    ),
    "the call's own callback of an input": lambda one: setattr(one.record, "dynamic_input_callbacks", [SOMEBODY]),
    "an unknown record": lambda one: delattr(one.record, "dynamic_success_callbacks"),
    "the call's own logger": lambda one: setattr(one.record, "logger_fn", print),
    "a stream": lambda one: setattr(one.record, "stream", True),
    "an embedding": lambda one: setattr(one.record, "call_type", "embedding"),
    "a cost that is settled": lambda one: setattr(one.record, "finalized_cost", object()),
    "attempts before it": lambda one: setattr(one.record, "_failed_attempts_owed_on_success", (object(),)),
    "litellm's budget": lambda one: setattr(one.module, "max_budget", 1.0),
    "litellm says what it does": lambda one: setattr(one.module, "set_verbose", True),
    "a cache hit": lambda one: one.details.update(cache_hit=True),
    "a call without a log": lambda one: one.details["litellm_params"].update({"no-log": True}),
    "no cost": lambda one: one.answer._hidden_params.clear(),
    "a cost that is not known": lambda one: one.answer._hidden_params.update(response_cost=None),
    "a cost of nothing": lambda one: one.answer._hidden_params.update(response_cost=0.0),
    "another kind of answer": lambda one: setattr(one, "answer", object()),
    "a call that we did not hear begin": lambda one: one.details.pop(KEY),
    "a call that has ended": lambda one: setattr(one.call, "ended", 1.0),
    "a call that litellm itself answers": lambda one: setattr(one.call, "local", True),
    "a request of another call": lambda one: setattr(one.call.recorder.exchanges[0], "context", None),
    "an answer that was not on the tape": lambda one: setattr(one.call.recorder.exchanges[0], "source", "live"),
    "no answer": lambda one: setattr(one.call.recorder.exchanges[0], "response", None),
    "a recording": lambda one: setattr(one.call.recorder, "wire", "fill"),
}


@pytest.mark.parametrize("why", READ)
def test_a_record_that_somebody_may_read_is_made(litellm_like: Litellm, why: str) -> None:
    """As litellm makes it, and tells its callbacks, us among them."""
    recorder = litellm_like.call.recorder
    READ[why](litellm_like)
    assert litellm_like.make() == [(litellm_like.answer, START, END, None, {})]
    assert litellm_like.told == []
    assert recorder.faults.so_far() == ()


def test_a_record_that_is_printed_is_made(litellm_like: Litellm, monkeypatch: pytest.MonkeyPatch) -> None:
    """By litellm's variable, and where its log is shown in detail."""
    monkeypatch.setenv(PRINTS, "1")
    assert len(litellm_like.make()) == 1
    monkeypatch.delenv(PRINTS)
    monkeypatch.setattr(logging.getLogger("LiteLLM"), "isEnabledFor", lambda _level: True)
    assert len(litellm_like.make()) == 2
    assert litellm_like.told == []


def test_what_more_litellm_passes_is_passed_on(litellm_like: Litellm) -> None:
    """A cache hit is said there, and what later versions will say."""
    getattr(litellm_like.record, MAKE)(litellm_like.answer, START, END, True, later=1)
    assert litellm_like.record.made == [(litellm_like.answer, START, END, True, {"later": 1})]


def test_what_somebody_has_put_in_the_place_of_litellms_methods_stays() -> None:
    """An instrumentation that wraps them looks at what they have made."""
    kind = record_class()
    original = vars(kind)[MAKE]
    wrapped = functools.partialmethod(original)
    setattr(kind, MAKE, wrapped)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, MODULE, SimpleNamespace(**{RECORD: kind}))  # type: ignore[arg-type]
        unread = UnreadRecords(lambda *_: None)
        unread.attach(OURS)
        assert vars(kind)[MAKE] is wrapped
        assert vars(kind)[MAKE_LATER].__qualname__.startswith("record_class")
        unread.detach()
        assert vars(kind)[MAKE] is wrapped


def test_litellms_methods_are_left_as_they_were() -> None:
    """A run within a run takes back its own alone."""
    kind = record_class()
    before = (vars(kind)[MAKE], vars(kind)[MAKE_LATER])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, MODULE, SimpleNamespace(**{RECORD: kind}))  # type: ignore[arg-type]
        outer, inner = UnreadRecords(lambda *_: None), UnreadRecords(lambda *_: None)
        outer.attach(OURS)
        ours = (vars(kind)[MAKE], vars(kind)[MAKE_LATER])
        inner.attach(OURS)
        inner.detach()
        assert (vars(kind)[MAKE], vars(kind)[MAKE_LATER]) == ours
        outer.detach()
    assert (vars(kind)[MAKE], vars(kind)[MAKE_LATER]) == before
