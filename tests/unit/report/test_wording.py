from __future__ import annotations

import pytest

from pytest_llmtrace._report.brief import call_text, compact, content_text, message_line, value_text
from pytest_llmtrace._report.wording import (
    breach_line,
    drift_title,
    finding_line,
    joined,
    plural,
    quoted,
    record_command,
    turns,
)
from tests.unit.report.builders import asked_for, said


def test_lists_of_words():
    """Words are joined as a sentence joins them."""
    assert [joined(["a", "b", "c"][:number]) for number in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_counts():
    """Nouns follow their number."""
    assert [plural(number, "call") for number in (0, 1, 1204)] == ["0 calls", "1 call", "1,204 calls"]


def test_turns():
    """Turn numbers are drawn together."""
    assert turns([3]) == "turn 3"
    assert turns([5, 2, 3, 4, 9]) == "turns 2-5, 9"


@pytest.mark.parametrize(
    ("drifts", "title"),
    [
        ([("prompt", "messages[0].content", "a", "b")], "prompt changed"),
        (
            [("model", "model", "a", "b"), ("prompt", "messages[0]", "a", "b"), ("prompt", "messages[1]", "c", "d")],
            "model and prompt changed",
        ),
        (
            [("tool_call", "output.tool_calls[0]", None, "x"), ("error", "error", "x", None)],
            "tool call added, error gone",
        ),
        ([("user", "messages[1].content.items[0]", "x", None)], "user message changed"),
        ([("tools", "tools.refund", None, {}), ("tools", "tools.lookup.name", "a", "b")], "offered tools changed"),
        ([("tools", "tools.refund.parameters", None, {})], "offered tools changed"),
        ([("params", "params.top_p", None, 1)], "parameters added"),
        ([("event", "event.compaction", {}, None)], "event gone"),
        ([("call_added", "call", None, {})], "call added"),
        ([("call_missing", "call", {}, None)], "call missing"),
        ([("order", "turn", 1, 2)], "order changed"),
        ([("params", "params.seed (added)", None, None)], "parameters changed"),
    ],
)
def test_what_happened_to_a_turn(drifts, title):
    """A turn's differences are named once each, with what happened to them."""
    data = [dict(zip(("kind", "path", "golden", "observed"), drift, strict=True)) for drift in drifts]

    assert drift_title(data) == title


def test_findings_in_one_line():
    """Each type of finding has a line."""
    assert finding_line({"type": "miss", "method": "GET", "url": "u"}) == "GET u: not on the tape"
    assert finding_line({"type": "unplayed", "method": "GET", "url": "u"}) == "GET u: recorded, not made"
    assert finding_line({"type": "bypass", "what": "socket"}) == "past the tape: socket"
    assert finding_line({"type": "no_cassette", "cassette": "g"}) == "no recording at g"
    lent = {"type": "no_cassette", "cassette": "g", "tape": "t"}
    assert finding_line(lent) == "no golden trace at g, recorded calls at t"
    assert finding_line({"type": "internal", "text": "one\ntwo"}) == "one"
    breach = {"type": "breach", "what": "tokens", "limit": 10_000, "value": 12_916}
    assert finding_line(breach) == breach_line(breach) == "tokens 12,916 of 10,000 allowed"


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("tests/a.py::test_x[a b]", '"tests/a.py::test_x[a b]"'),
        ("a.py::t[$HOME]", "'a.py::t[$HOME]'"),
        ("a.py::t[`x`!]", "'a.py::t[`x`!]'"),
        ('a.py::t["it\'s"]', "'a.py::t[\"it'\"'\"'s\"]'"),
    ],
)
def test_quotes(argument, shown):
    """A node id is one word of a shell command, whatever is in it."""
    assert quoted(argument) == shown


def test_record_command():
    """Tests are named, a fixture has no command of its own."""
    assert record_command(["a.py::b", "c.py::d"]) == 'pytest --llm-record "a.py::b" "c.py::d"'
    assert record_command(["fixture session x"]) == "pytest --llm-record"


def test_tool_calls_as_code():
    """A tool call reads like code; arguments that are no object stand as they are."""
    assert call_text("f", '{"a": 1, "b": [true, null, "x"]}') == 'f(a=1, b=[true, null, "x"])'
    assert call_text("f", "not json") == "f(not json)"
    assert call_text("f", None) == call_text("f", "") == call_text("f", {}) == "f()"
    assert call_text("f", [1]) == "f([1])"


def test_values():
    """Text stays, tool calls read like code, other data is JSON."""
    assert value_text("x") == "x"
    assert value_text({"b": 1, "a": {2}}) == '{"a": [2], "b": 1}'
    assert value_text({"name": "f", "arguments": {"x": 1}}) == "f(x=1)"
    assert value_text([{"function": {"name": "f", "arguments": "{}"}}, {"name": "g", "arguments": {}}]) == "f()\ng()"
    assert value_text([]) == "[]"
    assert compact("ü") == '"ü"'


def test_messages_in_one_line():
    """A message is its role, its text with single blanks, and its tool calls, cut to the width."""
    assert message_line(said("user", "Refund\n  order 123"), 40) == "user: Refund order 123"
    assert message_line(asked_for("f", '{"a": 1}'), 40) == "assistant: f(a=1)"
    assert message_line(said("user", "x" * 100), 20) == "user: " + "x" * 13 + "…"
    assert message_line({}, 20) == "?: (empty)"
    assert message_line({"role": "assistant", "tool_calls": ["odd"]}, 20) == 'assistant: "odd"'


def test_content_of_parts():
    """Parts that are no text are named, small ones shown."""
    parts = ["odd", {"type": "text", "text": "hi"}, {"type": "file", "id": "f1"}]

    assert content_text({"content": parts}) == 'odd\nhi\n[file {"id": "f1", "type": "file"}]'
    assert content_text({"content": {"a": 1}}) == '{"a": 1}'
    assert content_text({"refusal": "No."}) == "No."
