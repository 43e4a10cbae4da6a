"""Rules that take out what differs from run to run."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES, adjusted
from pytest_llmtrace._compare.rules.normalize import RULES, FunctionRule, absorbed_by, normalized, rule
from pytest_llmtrace._model.messages import message
from pytest_llmtrace._model.trace import CallError, Event, LLMCall, ToolCall, Trace
from pytest_llmtrace.errors import SettingsError


@pytest.mark.parametrize(
    ("name", "text", "result"),
    [
        ("date", "Today is 2025-11-02, not 2/3/24.", "Today is <date>, not <date>."),
        ("date", "Sunday, November 2nd, 2025 or 2 Nov 2025", "<date> or <date>"),
        ("date", "version 1.2.3 of 2025", "version 1.2.3 of 2025"),
        ("datetime", "at 2025-11-02T10:00:01.123Z and 2025-11-02 10:00:01 UTC", "at <datetime> and <datetime>"),
        ("time", "from 9:05 am to 17:30:00", "from <time> to <time>"),
        ("timestamp", "created 1730541600, 1730541600123; id 12345", "created <timestamp>, <timestamp>; id 12345"),
        ("uuid", "run 123e4567-e89b-42d3-a456-426614174000.", "run <uuid>."),
        ("hex", "at 0x7f3a2c and commit deadbeef00112233, cafe", "at <hex> and commit <hex>, cafe"),
        ("path", "wrote /tmp/pytest-of-me/pytest-3/x.txt!", "wrote <path>!"),
        ("path", r"C:\Users\me\AppData\Local\Temp\abc\x.txt and /etc/hosts", "<path> and /etc/hosts"),
        ("path", r"C:\a\C:\Temp\x.txt", r"C:\a\<path>"),
        ("number", "3 items for -12.50, model gpt4", "<number> items for <number>, model gpt4"),
    ],
)
def test_rules_replace_what_they_are_named_after(name: str, text: str, result: str) -> None:
    """Each rule puts its name in the place of what it knows, and leaves the rest."""
    assert RULES[name].apply(text) == result


def test_rules_reach_every_text_of_a_value() -> None:
    """Texts in lists and objects are normalised; keys and numbers stay."""
    value = {"2025-11-02": ["2025-11-02", 20251102, {"on": "2025-11-02"}]}
    assert normalized(value, (RULES["date"],)) == {"2025-11-02": ["<date>", 20251102, {"on": "<date>"}]}


def test_an_expression_is_a_rule() -> None:
    """A regular expression between slashes does what no named rule does."""
    assert rule(r"/ticket-\d+/").apply("see ticket-12") == "see <text>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dates", "normalize = 'dates': not a rule; choose one of datetime, date, time, timestamp, uuid, hex, path"),
        ("/(/", "normalize = '/(/': not a regular expression: "),
    ],
)
def test_an_unusable_rule_is_an_error(text: str, message: str) -> None:
    """An unknown name lists the known ones; a broken expression says what is wrong."""
    with pytest.raises(SettingsError, match=re.escape(message)):
        rule(text)


def test_the_rules_that_would_help_are_named() -> None:
    """For two values that differ only in volatile parts, the fewest rules that absorb the difference are told."""
    assert absorbed_by("on 2025-11-02", "on 2024-01-31") == ("date",)
    assert absorbed_by({"at": "2025-11-02T10:00:00Z"}, {"at": "2024-01-31T09:00:00Z"}) == ("datetime",)
    one = "2025-11-02 by 123e4567-e89b-42d3-a456-426614174000"
    other = "2024-01-31 by 00000000-e89b-42d3-a456-426614174000"
    assert absorbed_by(one, other) == ("date", "uuid")
    assert absorbed_by("on Monday", "on Tuesday") == ()


PIECES = [
    *("2025-11-02", "10:00", "2025-11-02T10:00:00Z", "Jan 3 2024", "1700000000", "3.5", "-7", "/tmp/x/y"),
    *("123e4567-e89b-42d3-a456-426614174000", "deadbeef0123a", "0xFFFF1", " ", "a", "_", ".", "<", "date>", "T", "/"),
]


@given(
    parts=st.lists(st.sampled_from(PIECES), max_size=8),
    names=st.lists(st.sampled_from([*RULES, "whitespace", "case"]), unique=True),
    number=st.sampled_from([7, 2.5, 1730541600, None]),
)
def test_what_was_normalised_stays_as_it_is(parts: list[str], names: list[str], number: float | None) -> None:
    """Applied a second time, no rule, alone or among others, finds anything, whatever stands side by side."""
    text = "".join(parts)
    for rules in [[rule(name) for name in names], *([one] for one in RULES.values())]:
        for value in (text, json.dumps({text: [number, text]})):
            once = normalized(value, rules)
            assert normalized(once, rules) == once


def test_rules_for_a_long_text_are_found_where_it_differs() -> None:
    """In a long text a date is named as in a line; what differs besides, at either end or repeated, is not absorbed."""
    long = "So it is. " * 2_000
    on = f"{long}On 2025-11-02, {long}"
    assert absorbed_by(on, on.replace("2025-11-02", "2024-01-31")) == ("date",)
    assert absorbed_by(on, on.replace("2025-11-02", "2024-01-31") + "!") == ()
    assert absorbed_by(on, "?" + on.replace("2025-11-02", "2024-01-31")) == ()
    assert absorbed_by(long, long + long) == ()
    assert absorbed_by(f"2025-11-02 {long}", long) == ()


@pytest.mark.parametrize(
    ("rules", "text", "result"),
    [
        (["timestamp"], '{"at": 1730541600, "id": "a"}', '{"at":"<timestamp>","id":"a"}'),
        (
            ["number"],
            '[{"n": 1.5, "of": "2 or 3"}, null, true]',
            '[{"n":"<number>","of":"<number> or <number>"},null,true]',
        ),
        (["date"], '{"on": "2025-11-02"}', '{"on": "<date>"}'),
        (["date", "number"], '{"2025-11-02": 5}', '{"<date>":"<number>"}'),
        (["date", "number"], '{"2025-11-02": 5, "2025-11-03": 6}', '{"<date>": <number>, "<date>": <number>}'),
        ([r'/"at": \d+/'], '{"at": 5}', "{<text>}"),
        (["number"], "{1}", "{<number>}"),
    ],
)
def test_json_in_a_text_stays_json(rules: list[str], text: str, result: str) -> None:
    """A rule that takes out a number of it leaves the rest comparable field by field; one of your own has its way."""
    made = tuple(rule(one) for one in rules)
    assert normalized(text, made) == result
    assert normalized(result, made) == result


def _named(number: int) -> Trace:
    """A trace in which every name has a number in it, and text has none."""
    name = f"agent-{number}"
    asked = message({"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": name, "arguments": "{}"}}]})
    offered = {"name": name, "parameters": {"properties": {}}}
    choice = {"tool_choice": {"function": {"name": name}}, "fallbacks": [name], "response_format": {"name": name}}
    return Trace(
        owner="test",
        entries=(
            LLMCall(model=name, messages=(message({"role": "user", "name": name, "content": "hello"}),), output=asked),
            LLMCall(model="m", tools=(offered,), params=choice),
            LLMCall(model="n", error=CallError(type=name, message="no", status=400 + number), status="error"),
            ToolCall(name=name, arguments={}),
            Event(name=name),
        ),
    )


@pytest.mark.parametrize("rule", ["number", "number:5", r"/-\d+/"])
def test_names_are_no_text(rule: str) -> None:
    """No rule takes one model, tool, parameter's choice, speaker, error or event for another."""
    exact = POLICIES["exact"]
    drifts = compare(_named(1), _named(2), exact)
    assert [one.path for one in compare(_named(1), _named(2), adjusted(exact, normalize=[rule]))] == [
        one.path for one in drifts
    ]
    assert {
        "model",
        "messages[0].name",
        "output.tool_calls[0].name",
        "tools.agent-1.name",
        "error.type",
        "error.status",
    } < {one.path for one in drifts}


def test_what_is_free_text_in_a_request_is_normalised() -> None:
    """Descriptions of tools, metadata, and what else a request says besides its messages."""

    def asked(day: str) -> Trace:
        offered = {
            "name": "f",
            "description": f"Since {day}.",
            "parameters": {"properties": {"name": {"default": day}}},
        }
        return Trace(owner="", entries=(LLMCall(tools=(offered,), params={"user": day, "metadata": {"name": day}}),))

    policy = adjusted(POLICIES["exact"], normalize=["date"])
    assert compare(asked("2025-01-01"), asked("2026-02-02"), policy) == ()


def test_a_text_is_looked_at_again_so_often():
    """What settles one match at a time, as times that are glued to each other do, ends in bounded time."""
    once = FunctionRule(name="first", apply=lambda text: text[1:], settles=True)
    assert normalized("a" * 1000, (once,)) == "a" * 980
    assert normalized("11:11:1122:22:22", (RULES["time"],)) == "<time><time>"
