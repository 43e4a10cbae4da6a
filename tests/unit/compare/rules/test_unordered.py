"""Lists that are compared as sets."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import adjusted, named_policy
from pytest_llmtrace._model.trace import Event, ToolCall
from pytest_llmtrace.errors import SettingsError
from tests.unit.compare.traces import asks, call, chat, refund, result, says, tool, trace, user

EXACT = named_policy("exact")


def asking(tags: list[Any]) -> Any:
    """A call that asks for a tool with a list among its arguments, and reports the result."""
    return trace(chat(([user("a")], asks(("tag", {"tags": tags}))), ([result("ok")], says("done"))))


@pytest.mark.parametrize(
    ("path", "sides"),
    [
        ("messages[*].content.items", [trace(refund(status={"items": [*items]})) for items in ("ab", "ba")]),
        ("messages[*].content", [trace(call(user(text), out=says("x"))) for text in ("[1, 2]", "[2,1]")]),
        ("output.content.items", [trace(call(out=says(text))) for text in ('{"items": [1, 2]}', '{"items": [2, 1]}')]),
        ("output.tool_calls[*].arguments.tags", [asking([1, {"a": 2}]), asking([{"a": 2}, 1])]),
        ("params.stop", [trace(call(params={"stop": [*stop]})) for stop in ("ab", "ba")]),
        (
            "tools.refund.parameters.required",
            [
                trace(call(tools=({**tool("refund", a="string"), "parameters": {"required": [*names]}},)))
                for names in ("ab", "ba")
            ],
        ),
        ("tool.list.result", [trace(call(), ToolCall(name="list", result=[*items])) for items in ("ab", "ba")]),
        ("event.cut.data.ids", [trace(call(), Event(name="cut", data={"ids": [*items]})) for items in ("ab", "ba")]),
        ("**.ids", [trace(call(), Event(name="cut", data={"ids": [*items]})) for items in ("ab", "ba")]),
    ],
)
def test_a_list_at_the_path_is_a_set(path: str, sides: Any) -> None:
    """Its order does not count; that of others does."""
    assert compare(*sides, EXACT) != ()
    assert compare(*sides, adjusted(EXACT, normalize=[f"unordered:{path}"])) == ()
    assert compare(*sides, adjusted(EXACT, normalize=["unordered:output.nothing"])) != ()


def test_what_is_in_the_set_counts() -> None:
    """Another item is a difference, and so is one that is there twice."""
    policy = adjusted(EXACT, normalize=["unordered:output.tool_calls[*].arguments.tags"])
    assert [one.path for one in compare(asking(["a", "b"]), asking(["c", "a"]), policy)] == [
        "output.tool_calls[0].arguments.tags[1]"
    ]
    assert compare(asking(["a", "b"]), asking(["b", "a", "a"]), policy) != ()


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("unordered:messages[3].content.items", "write unordered:messages[*].content.items"),
        ("unordered:items", "a path begins with one of messages[*], output, params, tools, tool, event"),
    ],
)
def test_a_path_that_can_never_match_is_an_error(written: str, text: str) -> None:
    """It says what to write."""
    with pytest.raises(SettingsError, match=re.escape(text)):
        adjusted(EXACT, normalize=[written])
