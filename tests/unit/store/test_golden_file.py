"""The golden trace as a file."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from pytest_llmtrace import __version__
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.messages import Message, message
from pytest_llmtrace._model.renumber import renumber
from pytest_llmtrace._model.trace import (
    AnyEntry,
    Attempt,
    CallError,
    Event,
    FailedCall,
    LLMCall,
    ToolCall,
    Trace,
    with_attempt_costs,
)
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._store.golden_file import Golden, dump_golden, load_golden
from pytest_llmtrace.errors import BrokenCassetteError, NewerCassetteError, StorageError
from tests.unit.store import PROPERTY
from tests.unit.store.traces import traces

TEST = "tests/test_refund.py::test_refund"
PATH = Path("cassettes/test_refund.trace.yaml")


def said(role: str, content: Any = None, **others: Any) -> Message:
    """A message."""
    return message({"role": role, "content": content, **others})


def called(call_id: str, name: str, **arguments: Any) -> dict[str, Any]:
    """A tool call in an assistant message."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


def golden(*entries: AnyEntry) -> Golden:
    """A golden trace of these entries."""
    trace = Trace(owner=TEST, entries=entries)
    return Golden(test=TEST, trace=trace, totals=totals(trace.calls))


def behaviour(entry: AnyEntry) -> dict[str, Any]:
    """What an entry says, comparable exactly."""
    data: dict[str, Any] = {"kind": type(entry).__name__}
    for field in fields(entry):
        value = getattr(entry, field.name)
        if field.name == "messages":
            value = [one.digest for one in value]
        elif isinstance(value, Message):
            value = value.digest
        elif field.name in ("params", "tools", "arguments", "result", "data"):
            value = canonical_json(value)
        data[field.name] = value
    return data


@PROPERTY
@given(traces())
def test_what_is_written_is_read(trace: Trace) -> None:
    """Everything that is behaviour survives a file, conversations included; writing it again gives the same bytes."""
    trace = replace(trace, owner=TEST)
    text = dump_golden(Golden(test=TEST, trace=trace, totals=Totals()))
    back = load_golden(text, PATH)
    wanted = renumber(trace)
    assert [behaviour(entry) for entry in back.trace.entries] == [behaviour(entry) for entry in wanted.entries]
    assert dump_golden(back) == text
    shapes = [
        [(one.label, [(turn.number, turn.kept, len(turn.added)) for turn in one.turns]) for one in conversations(calls)]
        for calls in (back.trace.calls, wanted.calls)
    ]
    assert shapes[0] == shapes[1]


LOOKUP = {
    "name": "lookup_order",
    "description": "Look up an order.\nReturns JSON.",
    "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
}
SYSTEM = said("system", "You are a refund agent.\nCheck the policy first.\n")
USER = said("user", "Refund order 123")
ASKS = said("assistant", tool_calls=[called("toolu_9x", "lookup_order", order_id="123")])
TOLD = said("tool", '{"status": "delivered"}', tool_call_id="toolu_9x")
ANSWER = said("assistant", "Your refund is on its way.")
LEAD: dict[str, Any] = {"agent": "lead", "provider": "openai", "model": "gpt-4o-mini", "params": {"temperature": 0}}


def test_a_transcript_for_people() -> None:
    """A run with a tool call reads like a conversation, each message once, each schema once, totals on top."""
    usage = Usage(input_tokens=206, output_tokens=30)
    first = LLMCall(
        **LEAD,
        tools=(LOOKUP,),
        messages=(SYSTEM, USER),
        output=ASKS,
        finish_reason="tool_calls",
        usage=usage,
        cost=4e-05,
    )
    second = replace(first, messages=(SYSTEM, USER, ASKS, TOLD), output=ANSWER, finish_reason="stop", cost=5.84e-05)
    assert (
        dump_golden(golden(first, second))
        == """\
llmtrace: 1
test: tests/test_refund.py::test_refund
totals: {calls: 2, input_tokens: 412, output_tokens: 60, cost_usd: 0.0000984}
conversations:
- agent: lead
  model: openai/gpt-4o-mini
  params: {temperature: 0}
  tools: [lookup_order@a569]
  turns:
  - in:
    - system: |
        You are a refund agent.
        Check the policy first.
    - user: Refund order 123
    out:
      tool_calls:
      - call_1: lookup_order(order_id="123")
    usage: {input_tokens: 206, output_tokens: 30}
    cost_usd: 0.00004
  - in:
    - tool call_1: '{"status": "delivered"}'
    out: Your refund is on its way.
    usage: {input_tokens: 206, output_tokens: 30}
    cost_usd: 0.0000584
tools:
  lookup_order@a569:
    name: lookup_order
    description: |-
      Look up an order.
      Returns JSON.
    parameters: {type: object, properties: {order_id: {type: string}}, required: [order_id]}
"""
    )


def test_everything_that_is_not_usual_is_said() -> None:
    """Labels, other parameters, errors, retries, interleaving, executions and events stand where they belong."""
    first = LLMCall(
        agent="lead",
        session="s1",
        task="t",
        turn=1,
        operation="responses",
        model="gpt-4o",
        messages=(USER,),
        output=said("assistant", [{"type": "image", "url": "http://x"}], refusal="no"),
        finish_reason="length",
        streamed=True,
        attempts=(Attempt(status=429, source="live"), Attempt(status=200, source="live")),
        cache_hit=True,
    )
    other = LLMCall(
        agent="helper",
        provider="anthropic",
        model="claude",
        messages=(said("user", "help"),),
        output=said("assistant", "ok"),
        finish_reason="end_turn",
    )
    failed = replace(
        first,
        turn=2,
        params={"seed": 1},
        streamed=False,
        messages=(*first.messages, first.output or USER),
        output=None,
        finish_reason=None,
        error=CallError(type="RateLimitError", message="slow\ndown", status=429),
        status="error",
        attempts=(),
        cache_hit=False,
    )
    open_call = replace(other, messages=(*other.messages, ANSWER, USER), output=None, finish_reason=None, status="open")
    trace = golden(
        Event(name="start", data={"run": 1}),
        first,
        ToolCall(
            name="write file",
            arguments={"text": "a\nb"},
            result="done",
            executed=True,
            agent="lead",
            session="s1",
            task="t",
            turn=1,
        ),
        other,
        ToolCall(name="find", arguments={"q": "x"}, error="boom", call_id="c9", executed=False),
        failed,
        open_call,
        Event(name="end", agent="helper"),
    )
    text = dump_golden(trace)
    assert (
        text
        == """\
llmtrace: 1
test: tests/test_refund.py::test_refund
totals: {calls: 4, input_tokens: 0, output_tokens: 0, priced_usd: 0.0, unpriced_calls: 1}
order: 1 2 1 2
before:
- event: start
  data: {run: 1}
conversations:
- agent: lead
  session: s1
  task: t
  operation: responses
  model: gpt-4o
  streamed: true
  turns:
  - turn: 1
    in:
    - user: Refund order 123
    out:
      content:
      - type: image
        url: http://x
      refusal: 'no'
    finish: length
    cache_hit: true
    attempts: [429, 200]
    then:
    - tool: write file
      arguments:
        text: |-
          a
          b
      result: done
  - streamed: false
    params: {seed: 1}
    turn: 2
    error:
      type: RateLimitError
      message: |-
        slow
        down
      status: 429
- agent: helper
  model: anthropic/claude
  finish: end_turn
  turns:
  - in:
    - user: help
    out: ok
    then:
    - tool: find(q="x")
      call_id: call_1
      error: boom
      executed: false
      agent: null
  - in:
    - keep: 0
    - assistant: Your refund is on its way.
    - user: Refund order 123
    status: open
    then:
    - event: end
"""
    )
    assert load_golden(text, PATH).trace == replace(
        renumber(trace.trace),
        entries=tuple(
            with_attempt_costs(replace(entry, attempts=tuple(replace(one, source="tape") for one in entry.attempts)))
            if isinstance(entry, LLMCall)
            else entry
            for entry in renumber(trace.trace).entries
        ),
    )


def test_a_fallback_is_a_turn_that_says_what_failed() -> None:
    """The call that failed and the one in its place are two turns of one conversation; only the second cost money."""
    failed = LLMCall(
        **LEAD,
        messages=(USER,),
        error=CallError(type="requests", message="slow down", status=429),
        status="error",
        attempts=(Attempt(status=429, source="tape", cost=0.0), Attempt(status=429, source="tape", cost=0.0)),
    )
    instead = LLMCall(
        **{**LEAD, "provider": "anthropic", "model": "claude"},
        messages=(USER,),
        output=ANSWER,
        finish_reason="stop",
        cost=0.5,
        usage=Usage(input_tokens=3, output_tokens=2),
        fallback_from=FailedCall(model=failed.name, error="RateLimitError"),
    )
    trace = golden(failed, instead)
    text = dump_golden(trace)
    assert (
        text.partition("  turns:\n")[2]
        == """\
  - in:
    - user: Refund order 123
    error: {type: requests, message: slow down, status: 429}
    attempts: [429, 429]
  - model: anthropic/claude
    fallback: {from: openai/gpt-4o-mini, error: RateLimitError}
    out: Your refund is on its way.
    usage: {input_tokens: 3, output_tokens: 2}
    cost_usd: 0.5
"""
    )
    assert load_golden(text, PATH).trace == trace.trace


def test_times_ids_and_sources_are_left_out() -> None:
    """Two runs that behave the same give the same file."""
    one = LLMCall(**LEAD, messages=(USER,), output=ASKS, id="1", started=0.5, duration=2.0, response_model="gpt-4o-x")
    ids = said("assistant", tool_calls=[called("call_zz", "lookup_order", order_id="123")])
    other = replace(one, output=ids, id="2", started=1.5, duration=0.1, response_model=None, source="live")
    assert dump_golden(golden(one)) == dump_golden(golden(other))


def test_costs_have_no_binary_noise() -> None:
    """Sums of prices are rounded to what they mean."""
    calls = [LLMCall(**LEAD, messages=(USER,), output=ANSWER, usage=Usage(), cost=0.1) for _ in range(3)]
    text = dump_golden(golden(*calls))
    assert "totals: {calls: 3, input_tokens: 0, output_tokens: 0, cost_usd: 0.3}\n" in text
    assert load_golden(text, PATH).totals == Totals(calls=3, priced_usd=0.3)


def test_tool_schemas_of_one_name_are_told_apart() -> None:
    """Two schemas of one name have different references; the same schema has one."""
    tools = ({"name": "find"}, {"name": "find", "description": "x"}, {"type": "web search"})
    trace = golden(
        LLMCall(model="m", messages=(USER,), tools=tools, output=ANSWER),
        LLMCall(model="m", messages=(SYSTEM,), tools=(dict(tools[0]),), output=ANSWER),
    )
    text = dump_golden(trace)
    assert text.count("  name: find\n") == 2
    assert "web-search@" in text
    assert [call.tools for call in load_golden(text, PATH).trace.calls] == [tools, tools[:1]]


def test_data_that_nests_too_deeply_is_a_storage_error() -> None:
    """A trace that no file can hold is refused before anything is written."""
    deep = json.loads("[" * 200 + "]" * 200)
    with pytest.raises(StorageError, match=r"the golden trace of tests/test_refund\.py::test_refund cannot be written"):
        dump_golden(golden(LLMCall(model="m", params={"x": deep}, messages=(USER,))))


GOOD = dump_golden(
    golden(LLMCall(**LEAD, tools=(LOOKUP,), messages=(SYSTEM, USER), output=ASKS, finish_reason="tool_calls"))
)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("model: openai", "modle: openai", "line 5: this cassette file cannot be read: conversation 1 has the unknown"),
        ("    - user: Refund", "    - user: [Refund", "line 15: this cassette file cannot be read: it is not valid"),
        ("user: Refund order 123", "user: {text: 1, text: 2}", "the key `text` stands twice in one mapping"),
        ("user: Refund order 123", "User: Refund", "line 14: this cassette file cannot be read: `User` is not a role"),
        ("user: Refund order 123", "user: 7", "a message must be text or a mapping, not 7"),
        ("- user: Refund order 123", "- hello", "a message must be a mapping with one key, its role, not 'hello'"),
        ("user: Refund order 123", "keep: 0-3", "there are no messages 0-3: that history has 0, counted from 0"),
        ("user: Refund order 123", "again: 1.7.0", "`again: 1.7.0` must name a turn above"),
        ("user: Refund order 123", "answer without: [x]", "is not a role"),
        ('lookup_order(order_id="123")', "lookup_order(123", "is not a tool call, like `name(argument=1)`"),
        ("[lookup_order@", "[lookup@", "has no schema under `tools` at the end of the file"),
        ("totals: {calls: 1", "totals: {calls: many", "`calls` must be a whole number, not 'many'"),
        ("test: tests/", "tset: tests/", "the file has the unknown key `tset`"),
        ("conversations:", "order: 1 2\nconversations:", "`order` names turns that are not there, at `2`"),
        ("    out:\n", "    status: fine\n    out:\n", "`status` must be one of `ok`"),
        ("    out:\n", "    attempts: [x]\n    out:\n", "`attempts` must be HTTP statuses, not 'x'"),
        ("    out:\n", "    usage: {tokens: 1}\n    out:\n", "`tokens: 1` is not a number of tokens"),
        ("    out:\n", "    then:\n    - tool: f(\n    out:\n", "is not a tool call"),
        ("  turns:", "  finish: maybe\n  turns:", "`finish` of a conversation must be one of"),
        ("llmtrace: 1", "llmtrace: one", "`llmtrace` must be a format number, not 'one'"),
        ("llmtrace: 1", "other: 1", "it is not a file of pytest-llmtrace (it has no `llmtrace` key)"),
        ("llmtrace: 1", "<<<<<<< HEAD\nllmtrace: 1", "it has unresolved merge conflicts"),
        (GOOD, "", "it is not a file of pytest-llmtrace"),
        (GOOD, "hello", "it is not a file of pytest-llmtrace"),
    ],
)
def test_a_broken_file_says_what_is_wrong(old: str, new: str, what: str) -> None:
    """A damaged, foreign or badly edited file is an error that names the file, the place, the fault and the way out."""
    with pytest.raises(BrokenCassetteError) as raised:
        load_golden(GOOD.replace(old, new, 1), PATH)
    text = str(raised.value)
    assert text.startswith("cassettes/test_refund.trace.yaml")
    assert what in text
    assert "Undo the edit with `git checkout -- cassettes/test_refund.trace.yaml`" in text
    assert ("`pytest --llm-record tests/test_refund.py::test_refund`" in text) == (
        new not in ("", "hello") and "tset" not in new
    )


def test_a_newer_file_says_so() -> None:
    """A file of a later version names this version and the way out."""
    with pytest.raises(NewerCassetteError) as raised:
        load_golden(GOOD.replace("llmtrace: 1", "llmtrace: 2").replace("turns:", "rounds:"), PATH)
    assert str(raised.value) == (
        f"cassettes/test_refund.trace.yaml: this cassette file has format 2, and pytest-llmtrace {__version__} reads "
        "formats up to 1.\nInstall a newer version: `pip install --upgrade pytest-llmtrace`."
    )


def test_histories_are_bounded() -> None:
    """A small file cannot unfold into endless histories."""
    turns = ["  - in:\n    - user: a"]
    turns += [f"  - in:\n    - again: 1.{turn}.0-{2 ** (turn - 1) - 1}" for turn in range(1, 40)]
    text = "llmtrace: 1\ntest: t\nconversations:\n- model: m\n  turns:\n" + "\n".join(turns) + "\n"
    with pytest.raises(BrokenCassetteError, match="its histories are too long"):
        load_golden(text, PATH)
