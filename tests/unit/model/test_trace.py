"""Calls made anew from others."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace

import pytest

from pytest_llmtrace._model.messages import Message, message
from pytest_llmtrace._model.personal.traces import trace_texts
from pytest_llmtrace._model.secrecy.traces import with_names
from pytest_llmtrace._model.trace import Attempt, Event, LLMCall, Trace, with_changes
from pytest_llmtrace._model.usage import Usage

CALL = LLMCall(
    id="1",
    agent="lead",
    provider="openai",
    model="m",
    params={"temperature": 0},
    messages=(Message({"role": "user", "content": "hi"}),),
    usage=Usage(input_tokens=1),
    attempts=(Attempt(status=200, source="tape"),),
    source="tape",
)


def test_a_call_made_anew_is_what_replace_makes() -> None:
    """Whatever field is changed, and the one that it was made of stays as it is."""
    other = LLMCall(**{one.name: f"another {one.name}" for one in fields(LLMCall)})  # type: ignore[arg-type]
    for name in (one.name for one in fields(LLMCall)):
        assert with_changes(CALL, **{name: getattr(other, name)}) == replace(CALL, **{name: getattr(other, name)})
    assert with_changes(CALL) == CALL
    assert CALL.id == "1"
    with pytest.raises(KeyError, match="modle"):
        with_changes(CALL, modle="m")


def test_each_call_with_a_secret_in_its_names_is_written_anew() -> None:
    """What was looked at is remembered only of names that may stay."""
    secret = replace(CALL, agent="lead of sk-1")
    trace = Trace(owner="t", entries=(CALL, secret, CALL, secret, replace(CALL, session="sk-1")))
    made = with_names(trace, lambda text: text.replace("sk-1", "***"))
    assert [(one.agent, one.session) for one in made.entries] == [
        ("lead", None),
        ("lead of ***", None),
        ("lead", None),
        ("lead of ***", None),
        ("lead", "***"),
    ]
    assert made.entries[0] is CALL


def test_the_texts_of_a_trace_are_all_told_and_what_calls_share_once() -> None:
    """Whatever holds a text is taken apart, keys too; a message and the tools that two calls share are told once."""
    said, tools = message({"role": "user", "content": "hi"}), ({"name": "find", "parameters": {"a": ["b"]}},)
    calls = [
        LLMCall(operation="chat", provider="p", model=f"m{at}", messages=(said,) * at, tools=tools, params={"n": 1})
        for at in (1, 2)
    ]
    event = Event(name="compaction", data={"replaced": ["old"]})
    found = Counter(trace_texts(Trace(owner="t", entries=(*calls, event))))
    once = ("hi", "find", "parameters", "b", "m1", "m2", "compaction", "replaced", "old")
    assert {text: found[text] for text in once} == dict.fromkeys(once, 1)


def test_the_texts_of_tools_are_those_that_they_have_now() -> None:
    """Tests offer the same tools, which are taken apart once; what a test changes in one is told as it is now."""
    for name in ("find", "find", "lost"):
        tools = ({"name": name, "parameters": {"a": [name]}},)
        said = (message({"role": "user", "content": "hi"}),)
        calls = [LLMCall(model=model, tools=tools, messages=said) for model in ("m1", "m2")]
        found = trace_texts(Trace(owner="t", entries=tuple(calls)))
        told = [text for text in found if text in ("find", "lost", "m1", "m2", "hi")]
        assert told == ["m1", name, name, "hi", "m2"]  # in the order in which placeholders are numbered
