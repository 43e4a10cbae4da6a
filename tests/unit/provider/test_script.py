"""Which rule answers which request."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.provider import Rule, load_script
from tests.provider.question import Question, Said
from tests.provider.script import ECHO, Script

SAID = (
    Said(role="system", text="You are a clerk."),
    Said(role="user", text="Refund order 123"),
    Said(role="assistant", text=""),
    Said(role="tool", text="delivered"),
)


def question(**changes: Any) -> Question:
    """A request for the chat API, in the middle of a tool loop."""
    fields = {
        "number": 2,
        "path": "/v1/chat/completions",
        "api": "chat",
        "said": SAID,
        "model": "gpt-4o-mini",
    }
    return Question(**{**fields, **changes})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"model": "gpt-4o-mini"}, True),
        ({"model": "gpt-*"}, True),
        ({"model": "gpt"}, False),
        ({"user": "order 123"}, True),
        ({"user": "/order \\d+$/"}, True),
        ({"user": re.compile("ORDER", re.IGNORECASE)}, True),
        ({"user": "clerk"}, False),
        ({"system": "clerk"}, True),
        ({"system": "order"}, False),
        ({"tool_results": True}, True),
        ({"tool_results": False}, False),
        ({"tool_results": 1}, True),
        ({"tool_results": 2}, False),
        ({"tool_results": "liver"}, True),
        ({"tool_results": "lost"}, False),
        ({"nth": 2}, True),
        ({"nth": 1}, False),
        ({"path": "/completions"}, True),
        ({"path": "/messages"}, False),
        ({"model": "gpt-*", "user": "clerk"}, False),
    ],
)
def test_conditions(fields: dict[str, Any], expected: bool) -> None:
    """A rule matches when each of its conditions holds."""
    assert Rule(**fields).matches(question()) is expected


def test_tool_results_belong_to_the_last_user_message() -> None:
    """Results from before the user last spoke do not count."""
    asked = question(said=(*SAID, Said(role="user", text="Thanks")))
    assert Rule(tool_results=False).matches(asked)


def test_first_rule_wins_until_it_is_used_up() -> None:
    """Rules are tried in order; one that has answered its `times` is passed over; in the end there is the echo."""
    turn, rule = load_script(["Hello.", {"user": "refund|Refund"}])
    script = Script([turn, rule, Rule(user="123", times=1)])
    assert [script.choose(question()).text for _ in range(3)] == ["Hello.", None, None]
    assert script.choose(question()) is ECHO


def test_a_script_in_a_file(tmp_path: Path) -> None:
    """YAML and JSON files hold the same rules."""
    (tmp_path / "script.yaml").write_text("- user: refund\n  tool_calls:\n  - refund: {order_id: '123'}\n- Bye.\n")
    (tmp_path / "script.json").write_text(
        '[{"user": "refund", "tool_calls": [{"refund": {"order_id": "123"}}]}, "Bye."]'
    )
    expected = (Rule(user="refund", tool_calls=[{"refund": {"order_id": "123"}}]), Rule(text="Bye.", times=1))
    assert load_script(tmp_path / "script.yaml") == expected
    assert load_script(str(tmp_path / "script.json")) == expected


def test_a_field_that_rules_do_not_have() -> None:
    """A misspelt field is an error that lists the right ones."""
    with pytest.raises(ValueError, match="a rule has no field 'texts'; it has model, user, system, tool_results"):
        load_script([{"texts": "Hello."}])


def test_a_tool_call_of_the_wrong_shape() -> None:
    """Two tools in one mapping are an error: their order would be an accident."""
    with pytest.raises(ValueError, match="one tool each"):
        Rule(tool_calls=[{"lookup": {}, "refund": {}}])


def test_a_file_that_is_no_list(tmp_path: Path) -> None:
    """A script file holds a list."""
    (tmp_path / "script.yaml").write_text("text: Hello.\n")
    with pytest.raises(TypeError, match=r"script\.yaml: a script is a list of rules, not dict"):
        load_script(tmp_path / "script.yaml")
