from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from pytest_llmtrace._model.findings import Breach, Bypass, Drift, Internal, Miss, NoCassette, Unplayed
from pytest_llmtrace._model.trace import Attempt, CallError, Event, FailedCall, LLMCall, ToolCall, Trace
from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.document.entries import packed_entries, unpacked_entries
from pytest_llmtrace._report.document.payload import (
    AS_OBSERVED,
    finding_data,
    is_fixture,
    is_property,
    own_files,
    owner_payload,
    properties,
)
from tests.unit.report.builders import GOLDEN, TEST, asked_for, call, chat, missed, payload, said


def test_whole_payload():
    """A payload holds amounts, rows per model and agent, files, findings and what record mode did."""
    paid = call(
        [said("user", "x")],
        said("assistant", "y"),
        source="live",
        duration=1.5,
        cost=0.25,
        usage=Usage(input_tokens=7, output_tokens=3, cache_read_tokens=2),
    )
    unpriced = call(
        [said("user", "z")], said("assistant", "y"), model="m9", provider="", cost=None, source="live", duration=0.25
    )

    made = payload(
        TEST,
        [*chat(1), paid, unpriced, missed(paid)],
        Miss(method="GET", url="https://a.example"),
        mode="record",
        golden=chat(2),
        recorded={"kept": 1, "live": 2, "from_journal": 0, "written": True},
    )

    lead = {
        "calls": 1,
        "live_calls": 0,
        "usage": {"input_tokens": 100, "output_tokens": 10},
        "cost_usd": 0.0001,
        "priced_usd": 0.0001,
        "unpriced_calls": 0,
        "live_cost_usd": 0.0,
    }
    others = {
        "calls": 2,
        "live_calls": 2,
        "usage": {"input_tokens": 107, "output_tokens": 13, "cache_read_tokens": 2},
        "cost_usd": None,
        "priced_usd": 0.25,
        "unpriced_calls": 1,
        "live_cost_usd": 0.25,
        "live_s": 1.75,
    }
    assert made == {
        "nodeid": TEST,
        "fixture": False,
        "phase": "call",
        "mode": "record",
        "calls": 3,
        "live_calls": 2,
        "usage": {"input_tokens": 207, "output_tokens": 23, "cache_read_tokens": 2},
        "cost_usd": None,
        "priced_usd": 0.2501,
        "unpriced_calls": 1,
        "live_cost_usd": 0.25,
        "live_s": 1.75,
        "live_unpriced_calls": 1,
        "models": [
            {
                "model": "m9",
                "calls": 1,
                "live_calls": 1,
                "usage": {"input_tokens": 100, "output_tokens": 10},
                "cost_usd": None,
                "priced_usd": 0.0,
                "unpriced_calls": 1,
                "live_cost_usd": 0.0,
                "live_s": 0.25,
            },
            {
                "model": "openai/gpt-4o-mini",
                "calls": 2,
                "live_calls": 1,
                "usage": {"input_tokens": 107, "output_tokens": 13, "cache_read_tokens": 2},
                "cost_usd": 0.2501,
                "priced_usd": 0.2501,
                "unpriced_calls": 0,
                "live_cost_usd": 0.25,
                "live_s": 1.5,
            },
        ],
        "agents": [{"agent": "(no agent)", **others}, {"agent": "lead", **lead}],
        "sources": [{"source": "live", **others}, {"source": "tape", **lead}],
        "unpriced_models": ["m9"],
        "golden": "g.trace.yaml",
        "tape": "g.tape.json",
        "directory": ".",
        "golden_totals": {
            "calls": 2,
            "live_calls": 0,
            "usage": {"input_tokens": 200, "output_tokens": 20},
            "cost_usd": 0.0002,
            "priced_usd": 0.0002,
            "unpriced_calls": 0,
            "live_cost_usd": 0.0,
        },
        "findings": [
            {"type": "miss", "method": "GET", "url": "https://a.example", "detail": "", "severity": "fail"},
        ],
        "recorded": {"kept": 1, "live": 2, "from_journal": 0, "written": True},
    }


def test_every_type_of_finding():
    """Each finding is its type and its fields; a drift has a role only where it knows one."""
    drift = Drift(
        kind="prompt",
        conversation="lead",
        turn=2,
        path="messages[0].content",
        golden="a",
        observed={"b"},
        first=True,
        folded=1,
        folded_at=("lead turn 3",),
    )

    assert finding_data(drift) == {
        "type": "drift",
        "kind": "prompt",
        "conversation": "lead",
        "turn": 2,
        "path": "messages[0].content",
        "golden": "a",
        "observed": ["b"],
        "severity": "fail",
        "first": True,
        "folded": 1,
        "folded_at": ["lead turn 3"],
    }
    assert finding_data(replace(drift, role="system"))["role"] == "system"
    assert finding_data(Unplayed(method="GET", url="u", count=2)) == {
        "type": "unplayed",
        "method": "GET",
        "url": "u",
        "count": 2,
        "severity": "fail",
    }
    assert finding_data(Bypass(what="w", stack=("s",), severity="warn")) == {
        "type": "bypass",
        "what": "w",
        "stack": ["s"],
        "severity": "warn",
    }
    assert finding_data(NoCassette(cassette=GOLDEN, request="r")) == {
        "type": "no_cassette",
        "cassette": GOLDEN,
        "request": "r",
        "severity": "fail",
    }
    assert finding_data(Breach(scope="run", what="usd", limit=1, value=None, models=("m",))) == {
        "type": "breach",
        "scope": "run",
        "what": "usd",
        "limit": 1,
        "value": None,
        "models": ["m"],
        "refused": False,
        "severity": "fail",
    }
    assert finding_data(Internal(text="t", traceback="tb")) == {
        "type": "internal",
        "text": "t",
        "traceback": "tb",
        "severity": "fail",
    }


@pytest.mark.parametrize(
    ("owner", "fixture"),
    [
        ("fixture session client", True),
        ("fixture module tests/test_a.py::client", True),
        ("fixture function client", False),
        (TEST, False),
        ("fixtures/test_a.py::test_x", False),
    ],
)
def test_owners_that_are_fixtures(owner, fixture):
    """A fixture of wider scope is told from a test by its name."""
    assert is_fixture(owner) is fixture


def test_properties_are_known_as_ours():
    """Each that is given to JUnit is, so that none is given twice; another of a name like theirs is the test's own."""
    assert all(map(is_property, properties(payload(TEST, chat(1)))))
    assert not is_property(("llmtrace_note", 1))
    assert not is_property("llmtrace_calls")


def test_costs_that_are_no_numbers():
    """A cost that is not finite never reaches the payload as a number."""
    made = payload(TEST, [replace(chat(1)[0], cost=math.nan)])

    assert made["cost_usd"] is None
    assert made["priced_usd"] == 0.0
    json.dumps(made, allow_nan=False)


def test_what_is_nearly_always_the_same_is_said_once():
    """One model, one agent, one source stand for the whole, and a golden trace that used the same is not told."""
    made = payload(TEST, [*chat(2), missed(chat(1)[0])], golden=chat(2))

    assert (made["models"], made["agents"], made["sources"]) == ("openai/gpt-4o-mini", "lead", "tape")
    assert made["golden_totals"] == AS_OBSERVED
    assert "used" not in made


def test_files_that_an_owner_used_besides_its_own_are_named():
    """So are none, where it has files that it did not use."""
    verdict = Verdict(owner=TEST, mode="trace", golden_file="g", tape_file="t")
    given = {"cassette": {"used": ["t", "g", "other"]}, "recorded": {}, "with_entries": False}

    assert owner_payload(verdict, Trace(owner=TEST), **given)["used"] == ["g", "other", "t"]
    assert own_files(owner_payload(verdict, Trace(owner=TEST), **given)) == ["g", "t"]


def test_missing_files_are_taken_from_the_verdict():
    """Where the cassette says nothing, the files of the verdict count."""
    verdict = Verdict(owner=TEST, mode="trace", golden_file="g", tape_file="t")

    made = owner_payload(verdict, Trace(owner=TEST), cassette={}, recorded={}, with_entries=False)

    assert (made["golden"], made["tape"], made["used"], made["golden_totals"]) == ("g", "t", [], None)
    assert "entries" not in made


def test_entries_hold_everything():
    """An entry has its type, its labels and everything known; its messages are unpacked in full."""
    history = [said("user", "Where is it?")]
    entries = (
        LLMCall(
            id="c1",
            session="s1",
            agent="lead",
            parent="root",
            task="t1",
            turn=1,
            started=0.5,
            duration=0.25,
            provider="openai",
            model="m",
            params={"temperature": 0},
            tools=({"name": "lookup"},),
            messages=tuple(history),
            output=asked_for("lookup", "{}"),
            finish_reason="tool_calls",
            usage=Usage(input_tokens=1, output_tokens=2),
            cost=0.5,
            attempts=(
                Attempt(status=429, source="live", cost=0.0),
                Attempt(status=200, source="live", interaction=1, cost=0.5),
            ),
            fallback_from=FailedCall(model="openai/gpt-4o", error="RateLimitError"),
            source="live",
        ),
        ToolCall(name="lookup", arguments={}, result={1, 2}, call_id="call_1", executed=True),
        Event(name="compaction", data={"replaced": 3}),
        LLMCall(status="error", error=CallError(type="RateLimitError", message="slow", status=429)),
    )
    blank = {"id": "", "session": None, "agent": None, "parent": None, "task": None, "turn": None}
    clock = {"started": 0.0, "duration": 0.0}

    packed = packed_entries(Trace(owner=TEST, entries=entries))

    assert list(unpacked_entries(json.loads(json.dumps(packed)))) == [
        {
            "type": "llm_call",
            "id": "c1",
            "conversation": "f01fb78617ea",
            "fanout": None,
            "aggregates": None,
            "session": "s1",
            "agent": "lead",
            "parent": "root",
            "task": "t1",
            "turn": 1,
            "started": 0.5,
            "duration": 0.25,
            "operation": "chat",
            "provider": "openai",
            "model": "m",
            "response_model": None,
            "params": {"temperature": 0},
            "tools": [{"name": "lookup"}],
            "messages": [{"role": "user", "content": "Where is it?"}],
            "output": {
                "role": "assistant",
                "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "lookup", "arguments": "{}"}}],
            },
            "finish_reason": "tool_calls",
            "error": None,
            "usage": {"input_tokens": 1, "output_tokens": 2},
            "cost_usd": 0.5,
            "status": "ok",
            "source": "live",
            "cache_hit": False,
            "streamed": False,
            "attempts": [
                {"status": 429, "source": "live", "cost_usd": 0.0},
                {"status": 200, "source": "live", "cost_usd": 0.5},
            ],
            "fallback_from": {"model": "openai/gpt-4o", "error": "RateLimitError"},
        },
        {
            "type": "tool_call",
            **blank,
            **clock,
            "name": "lookup",
            "arguments": {},
            "result": [1, 2],
            "error": None,
            "call_id": "call_1",
            "executed": True,
        },
        {"type": "event", **blank, **clock, "name": "compaction", "data": {"replaced": 3}},
        {
            "type": "llm_call",
            "conversation": "cad6e05852f5",
            "fanout": None,
            "aggregates": None,
            **blank,
            **clock,
            "operation": "chat",
            "provider": "",
            "model": "",
            "response_model": None,
            "params": {},
            "tools": [],
            "messages": [],
            "output": None,
            "finish_reason": None,
            "error": {"type": "RateLimitError", "message": "slow", "status": 429},
            "usage": None,
            "cost_usd": None,
            "status": "error",
            "source": "local",
            "cache_hit": False,
            "streamed": False,
            "attempts": [],
            "fallback_from": None,
        },
    ]


def test_a_history_travels_once():
    """Packed entries hold each message of a growing history once."""
    packed = payload(TEST, chat(50), with_entries=True)["entries"]

    assert len(packed["messages"]) == 100
    assert packed["entries"][49]["messages"] == list(range(100))
