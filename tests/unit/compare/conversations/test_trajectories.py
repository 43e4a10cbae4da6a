"""Policies that look at tool calls, and match modes."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES, Policy, adjusted
from pytest_llmtrace._model.trace import CallError, Trace
from tests.unit.compare.traces import Turn, asks, call, chat, missed, refund, refund_turns, result, says, trace, user

EXACT, TOOLS, OUTLINE = POLICIES["exact"], POLICIES["tools"], POLICIES["outline"]


def using(*names: str, **arguments: Any) -> Trace:
    """A conversation in which the model asks for these tools, one a turn."""
    turns: list[Turn] = []
    for name in names:
        turns.append(([result("ok")] if turns else [user("go")], asks((name, arguments))))
    return trace(chat(*turns, ([result("ok")], says("done"))))


def found(golden: Trace, observed: Trace, policy: Policy, **options: Any) -> list[tuple[str, int, str, Any, Any]]:
    """Kind, turn, path, golden and observed value of each drift."""
    drifts = compare(golden, observed, policy, **options)
    return [(one.kind, one.turn, one.path, one.golden, one.observed) for one in drifts]


def test_tools_sees_no_wording() -> None:
    """Prompts, answers, models, parameters and results may all change."""
    observed = refund(
        prompt="Other.", question="Else?", answer="Sure.", status="gone", model="gpt-5", params={"temperature": 1}
    )
    assert found(trace(refund()), trace(observed), TOOLS) == []


def test_tools_sees_names_arguments_and_order() -> None:
    """What the model asks for counts, wherever in the conversation."""
    assert found(trace(refund()), trace(refund(amount=5)), TOOLS) == [
        ("tool_call", 2, "output.tool_calls[0].arguments.amount", 20, 5)
    ]
    assert found(using("a", "b", "c"), using("a", "x", "c"), TOOLS) == [
        ("tool_call", 2, "output.tool_calls[0].name", "b", "x")
    ]
    assert found(using("a", "b"), using("b", "a"), TOOLS) == [("order", 1, "output.tool_calls", ["a", "b"], ["b", "a"])]


def test_tools_does_not_care_about_turns() -> None:
    """Two tools asked for in one turn or in two are one trajectory."""
    at_once = trace(
        chat(([user("go")], asks(("a", {}), ("b", {}))), ([result("ok"), result("ok", of=1)], says("done")))
    )
    assert found(using("a", "b"), at_once, TOOLS) == []


def test_tools_sees_errors() -> None:
    """A call that fails is drift although it asks for no tool."""
    failed = trace(call(user("a"), error=CallError(type="E", message="m"), status="error"))
    assert [one[0] for one in found(trace(call(user("a"), out=says("A"))), failed, TOOLS)] == ["error"]


B = {"name": "b", "arguments": {}}


@pytest.mark.parametrize(
    ("match", "golden", "observed", "differences"),
    [
        ("unordered", "ab", "ba", []),
        ("unordered", "ab", "a", [("tool_call", 2, "output.tool_calls[0]", B, None)]),
        ("unordered", "a", "ab", [("tool_call", 2, "output.tool_calls[0]", None, B)]),
        ("subset", "abc", "ca", []),
        ("subset", "a", "ab", [("tool_call", 2, "output.tool_calls[0]", None, B)]),
        ("superset", "ac", "bca", []),
        ("superset", "ab", "a", [("tool_call", 2, "output.tool_calls[0]", B, None)]),
    ],
)
@pytest.mark.parametrize("policy", [TOOLS, EXACT])
def test_match_modes(match: str, golden: str, observed: str, differences: Any, policy: Policy) -> None:
    """Unordered: the same calls; subset: none that the golden trace lacks; superset: all that it has."""
    policy = adjusted(policy, match=match, severities={"output": "ignore"})
    assert found(using(*golden), using(*observed), policy) == differences


def test_match_modes_still_compare_arguments() -> None:
    """A call of the right name with other arguments is told by its argument."""
    policy = adjusted(TOOLS, match="unordered")
    assert found(using("a", "b", n=1), using("b", "a", n=2), policy) == [
        ("tool_call", 1, "output.tool_calls[0].arguments.n", 1, 2),
        ("tool_call", 2, "output.tool_calls[0].arguments.n", 1, 2),
    ]


def test_exact_with_a_match_mode_still_sees_the_rest() -> None:
    """Only what depends on the order of tool calls is left to the match mode."""
    observed = trace(refund(prompt="Other."))
    assert [one[0] for one in found(trace(refund()), observed, adjusted(EXACT, match="unordered"))] == ["prompt"]


def test_outline_sees_roles_and_tool_names() -> None:
    """Contents may change; who speaks when, and which tools are called, may not."""
    first, second, third, fourth = refund_turns()
    observed = refund(prompt="x", question="y", status="z", amount=7, answer="ok", model="gpt-5", params={"t": 1})
    assert found(trace(refund()), trace(observed), OUTLINE) == []
    assert [one[:3] for one in found(trace(refund()), trace(chat(first, second, third)), OUTLINE)] == [
        ("call_missing", 4, "call")
    ]
    named = (second[0], asks(("cancel", {})))
    assert found(trace(refund()), trace(chat(first, named, third, fourth)), OUTLINE) == [
        ("tool_call", 2, "output.tool_calls[0].name", "refund", "cancel")
    ]


def test_a_stopped_run_is_compared_as_far_as_it_came() -> None:
    """Tool calls that were not reached are not missing; the miss itself is told."""
    calls = refund()
    observed = trace(calls[0], missed(*calls[1].messages[:3], result("lost")))
    assert found(trace(calls), observed, TOOLS, stopped=True) == [
        ("tool_result", 2, "messages[3].content", '{"status": "delivered", "total": 20}', "lost")
    ]
