"""Calls made anew from others."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.secrecy.traces import with_names
from pytest_llmtrace._model.trace import Attempt, LLMCall, Trace, with_changes
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
