"""Traces without texts: nothing that was said survives, and everything that is compared does."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._model.messages import Message, MessageTable, message
from pytest_llmtrace._model.privacy import Mask
from pytest_llmtrace._model.renumber import renumber
from pytest_llmtrace._model.secret_key import SecretKey
from pytest_llmtrace._model.stand_ins import StandIns, is_stand_in
from pytest_llmtrace._model.trace import CallError, Event, FailedCall, LLMCall, ToolCall, Trace
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._store.golden_file import Golden, dump_golden
from tests.unit.store.traces import traces

SECRET = "the patient said so"
KEY = SecretKey("key")
PLAIN = StandIns()


def hashed(value: Any) -> str:
    """The stand-in of a text, or of data."""
    return PLAIN.of_text(value) if isinstance(value, str) else PLAIN.of_data(value)


def masked(entry: Any) -> Any:
    """One entry without its texts."""
    return Mask().trace(Trace(owner="t", entries=(entry,))).entries[0]


def test_a_stand_in_is_a_digest_and_a_size():
    """The stand-in of a text can be told from any other, and says which kind it is."""
    plain, keyed = StandIns().of_text("refund"), StandIns(KEY).of_text("refund")
    assert plain == f"sha256:{hashlib.sha256(b'refund').hexdigest()[:16]} (6 chars)"
    assert (keyed[:5], keyed[-10:]) == ("hmac:", " (6 chars)")
    assert StandIns(SecretKey("other")).of_text("refund") != keyed
    assert StandIns(SecretKey("key")).of_text("refund") == keyed
    assert StandIns(KEY).kind == f"hmac-sha256@{KEY.check}"
    assert is_stand_in(plain)
    assert is_stand_in(keyed)
    assert not is_stand_in(f"{plain}.")


def test_a_text_and_data_never_share_a_stand_in():
    """A number and the text that spells it stay different; equal numbers stay equal."""
    assert PLAIN.of_data(5) != PLAIN.of_text("5")
    assert PLAIN.of_data({"a": 1.0}) == PLAIN.of_data({"a": 1})


def test_a_key_is_not_shown():
    """Neither the text nor what is derived from it is in a repr."""
    assert repr(SecretKey("my secret")) == "SecretKey(...)"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"role": "user", "content": SECRET}, {"role": "user", "content": hashed(SECRET)}),
        (
            {"role": "user", "content": "hi", "name": "Ada"},
            {"role": "user", "content": hashed("hi"), "name": hashed("Ada")},
        ),
        (
            {"role": "assistant", "content": "a", "reasoning": "b", "refusal": "c"},
            {"role": "assistant", "content": hashed("a"), "reasoning": hashed("b"), "refusal": hashed("c")},
        ),
        (
            {"role": "tool", "content": '{"a": 1}', "tool_call_id": "call_7", "name": "check"},
            {"role": "tool", "content": hashed({"a": 1}), "tool_call_id": "call_7", "name": "check"},
        ),
        (
            {
                "role": "user",
                "content": [{"type": "text", "text": "hi"}, {"type": "image", "digest": "0" * 32, "bytes": 9}],
            },
            {
                "role": "user",
                "content": [{"type": "text", "text": hashed("hi")}, {"type": "image", "digest": "0" * 32, "bytes": 9}],
            },
        ),
        (
            {"role": "user", "content": [{"type": "image", "url": "https://a/b?ada"}], "mood": "sad"},
            {"role": "user", "content": [{"type": "image", "url": hashed("https://a/b?ada")}], "mood": hashed("sad")},
        ),
    ],
)
def test_messages_keep_their_structure(sent, kept):
    """Roles, ids, tool names, types and digests of media stay; what anybody wrote is replaced."""
    assert masked(LLMCall(messages=(message(sent),))).messages == (Message(kept),)


def test_arguments_keep_their_names():
    """Of a tool call the name and the argument names stay; each value is one stand-in, and null is null."""
    arguments = {"drug": "aspirin", "dose": 5, "more": {"Ada": [1]}, "none": None, "Ada Lovelace": True}
    expected = {
        "drug": hashed("aspirin"),
        "dose": hashed(5),
        "more": hashed({"Ada": [1]}),
        "none": None,
        hashed("Ada Lovelace"): hashed(True),
    }
    asked = {"id": "c1", "type": "function", "function": {"name": "check", "arguments": json.dumps(arguments)}}
    output = masked(LLMCall(output=message({"role": "assistant", "tool_calls": [asked]}))).output
    assert output["tool_calls"][0] == {
        "id": "c1",
        "type": "function",
        "function": {"name": "check", "arguments": json.dumps(expected)},
    }
    executed = masked(ToolCall(name="check", arguments=arguments, result={"ok": "so so"}, error="no", executed=True))
    assert executed == ToolCall(
        name="check", arguments=expected, result=hashed({"ok": "so so"}), error=hashed("no"), executed=True
    )
    assert masked(Event(name="e", data=arguments)) == Event(name="e", data=expected)


def test_a_result_is_the_same_as_data_and_as_the_text_that_the_model_is_told():
    """An execution and the message that reports it stay one thing, so that one difference is listed once."""
    executed = masked(ToolCall(name="f", result={"ok": True, "n": 1}))
    told = masked(LLMCall(messages=(message({"role": "tool", "content": '{"n":1,"ok":true}'}),))).messages[0]
    assert executed.result == told["content"]


def test_settings_keep_what_shapes_an_answer():
    """Numbers, switches, schemas and vocabulary stay; stop words, users, metadata and descriptions do not."""
    schema = {
        "type": "object",
        "properties": {"user": {"type": "string", "description": SECRET, "enum": ["a", SECRET]}},
    }
    call = masked(
        LLMCall(
            params={
                "temperature": 0.5,
                "reasoning_effort": "high",
                "tool_choice": {"type": "function", "function": {"name": "check"}},
                "response_format": {"type": "json_schema", "json_schema": {"name": "out", "schema": schema}},
                "stop": ["Ada"],
                "user": "ada",
                "metadata": {"who": "ada"},
                "stream": True,
                "instructions_of": "ada",
            },
            tools=({"name": "check", "description": SECRET, "parameters": schema},),
        )
    )
    kept = {
        "type": "object",
        "properties": {"user": {"type": "string", "description": hashed(SECRET), "enum": ["a", hashed(SECRET)]}},
    }
    assert call.params == {
        "temperature": 0.5,
        "reasoning_effort": "high",
        "tool_choice": {"type": "function", "function": {"name": "check"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "out", "schema": kept}},
        "stop": hashed(["Ada"]),
        "user": hashed("ada"),
        "metadata": hashed({"who": "ada"}),
        "stream": True,
        "instructions_of": hashed("ada"),
    }
    assert call.tools == ({"name": "check", "description": hashed(SECRET), "parameters": kept},)


def test_labels_errors_and_ends():
    """Agents, error types, statuses and finish reasons stay; sessions, tasks and error texts are replaced."""
    call = masked(
        LLMCall(
            agent="Support Agent",
            session="chat-6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            task="ada",
            parent="6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            error=CallError(type="BadRequestError", message=SECRET, status=400),
            finish_reason="length",
        )
    )
    assert call == LLMCall(
        agent="Support Agent",
        session=f"{hashed('chat-#')} 6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        task=hashed("ada"),
        parent="6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        error=CallError(type="BadRequestError", message=hashed(SECRET), status=400),
        finish_reason="length",
    )
    numbered = renumber(Trace(owner="t", entries=(call,)))
    assert numbered.calls[0].session == f"{hashed('chat-#')} id_1"
    assert Mask().trace(numbered) == numbered


def test_with_a_key_not_even_a_known_image_can_be_recognised():
    """Digests of media are plain ones; with a key they are replaced, too."""
    picture = message({"role": "user", "content": [{"type": "image", "digest": "0" * 32}]})
    trace = Mask(KEY).trace(Trace(owner="t", entries=(LLMCall(messages=(picture,)),)))
    assert trace.calls[0].messages[0]["content"] == [{"type": "image", "digest": StandIns(KEY).of_text("0" * 32)}]


def test_preparation_comes_first():
    """What normalisation makes equal is equal: in texts, in arguments and in data."""
    mask = Mask(prepare=lambda text: text.replace("Monday", "<day>"))
    assert mask.text("on Monday") == hashed("on <day>")
    entries = (ToolCall(name="f", arguments={"day": "Monday", "days": ["Monday"]}, result={"day": "Monday"}),)
    expected = ToolCall(
        name="f", arguments={"day": hashed("<day>"), "days": hashed(["<day>"])}, result=hashed({"day": "<day>"})
    )
    assert mask.trace(Trace(owner="t", entries=entries)).entries == (expected,)


@pytest.mark.parametrize(
    ("url", "whole", "kept"),
    [
        ("https://api/v1/chat/completions", False, "https://api/v1/chat/completions"),
        ("https://api/v1?q=ada", False, f"https://api/v1?{hashed('q=ada')}"),
        ("https://api/ada/b?q=1", True, f"https://api/{hashed('ada/b?q=1')}"),
    ],
)
def test_urls_keep_their_place(url, whole, kept):
    """What was asked in a URL is replaced: the query, and of other services the path, too."""
    assert Mask().url(url, whole=whole) == kept


def test_each_message_is_made_once():
    """A growing history stays shared: as many messages as before, each one object."""
    table = MessageTable()
    said = [table.intern({"role": "user", "content": f"question {number}"}) for number in range(50)]
    calls = tuple(LLMCall(messages=tuple(said[:end])) for end in range(1, 51))
    made = Mask().trace(Trace(owner="t", entries=calls)).calls
    assert len({id(one) for call in made for one in call.messages}) == 50
    assert made[-1].messages[:49] == made[-2].messages


def test_every_field_of_an_entry_is_decided_on():
    """A new field of a trace must be masked, or be known to hold no text: it is entered here."""
    kept = {
        *("id", "started", "duration", "agent", "turn"),
        *("operation", "provider", "model", "response_model", "usage", "cost", "cache_hit", "streamed", "attempts"),
        *("status", "source", "name", "call_id", "executed", "compared"),
    }
    replaced = {
        *("session", "parent", "task"),
        *("params", "tools", "messages", "output", "finish_reason", "error", "fallback_from"),
        *("arguments", "result", "data"),
    }
    known = {field.name for kind in (LLMCall, ToolCall, Event) for field in fields(kind)}
    assert known == kept | replaced
    assert {field.name for field in fields(CallError)} == {"type", "message", "status"}
    assert {field.name for field in fields(FailedCall)} == {"model", "error"}


texts = st.text(min_size=12, max_size=30).map(lambda text: f"planted {text} sentence")


@settings(max_examples=30)
@given(traces())
def test_masking_twice_changes_nothing(trace):
    """A masked trace is masked already, also after it was renumbered for its file."""
    mask = Mask(KEY)
    once = mask.trace(trace)
    assert mask.trace(once) == once
    assert mask.trace(renumber(once)) == renumber(once)


@settings(max_examples=30)
@given(traces())
def test_equal_stays_equal_and_different_different(trace):
    """As many distinct messages and results as before: no two texts fall together, none apart."""
    made = Mask().trace(trace)
    pairs = [
        (one, other)
        for before, after in zip(trace.calls, made.calls, strict=True)
        for one, other in zip(before.messages, after.messages, strict=True)
        if isinstance(one["content"], str) and one["role"] != "tool" and not one["tool_calls"]
    ]
    assert len({one["content"] for one, _ in pairs}) == len({other["content"] for _, other in pairs})


@settings(max_examples=30)
@given(traces(), texts)
def test_planted_text_never_survives_in_a_golden_trace(trace, planted):
    """A sentence in any place that people or models write is in no golden trace."""
    said = Message({"role": "user", "content": planted, "name": planted, "reasoning": planted, "own": [planted]})
    asks = Message(
        {
            "role": "assistant",
            "content": [{"type": "text", "text": planted}, {"type": planted, planted: planted, "content": [planted]}],
            "tool_calls": [
                {
                    "id": "c",
                    "type": "function",
                    "function": {"name": planted, "arguments": json.dumps({planted: planted})},
                },
                {"id": "d", "type": "function", "function": {"name": "f", "arguments": planted}},
                planted,
            ],
        }
    )
    told = Message({"role": "tool", "tool_call_id": "c", "content": json.dumps([planted])})
    entries = (
        *trace.entries,
        LLMCall(
            messages=(said, asks, told),
            output=asks,
            session=planted,
            task=planted,
            params={
                "stop": planted,
                "user": planted,
                "x": {"y": [planted]},
                "response_format": {"description": planted},
            },
            tools=({"name": "f", "description": planted, "parameters": {"properties": {"p": {"default": planted}}}},),
            error=CallError(type="E", message=planted),
        ),
        ToolCall(name=planted, arguments={planted: planted}, result={planted: [planted]}, error=planted),
        Event(name="e", data={"a": planted}),
    )
    made = Mask().trace(replace(trace, entries=entries))
    assert "planted" not in dump_golden(Golden(test="t", trace=made, totals=Totals(), privacy="sha256"))
