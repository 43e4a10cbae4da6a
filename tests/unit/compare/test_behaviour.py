"""What a new recording does otherwise than the old one, in short."""

from __future__ import annotations

import json
from typing import Any

from pytest_llmtrace._compare.behaviour import Behaviour, behaviour_change
from pytest_llmtrace._compare.policies.policy import adjusted, named_policy
from pytest_llmtrace._model.conversations import Conversation, conversations
from pytest_llmtrace._model.messages import message
from pytest_llmtrace._model.trace import LLMCall


def side(*said: tuple[str, str, str | list[str]]) -> tuple[Conversation, ...]:
    """Conversations of one turn each: agent, question, and the answer or the names of the tools that it asks for."""
    calls = []
    for agent, question, answer in said:
        output: dict[str, Any] = {"role": "assistant", "content": answer if isinstance(answer, str) else None}
        if not isinstance(answer, str):
            output["tool_calls"] = [
                {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": json.dumps({})}}
                for at, name in enumerate(answer)
            ]
        asked = message({"role": "user", "content": question})
        calls.append(LLMCall(agent=agent, session=agent, model="m", messages=(asked,), output=message(output)))
    return conversations(calls)


EXACT, TOOLS = named_policy("exact"), named_policy("tools")


def test_tools_and_outputs() -> None:
    """Other tools and other answers are told, whatever the policy would let pass."""
    before = side(("lead", "Hi", ["lookup", "refund"]), ("writer", "Write", "A text."))
    now = side(("lead", "Hi", ["lookup"]), ("writer", "Write", "Another text."))
    expected = Behaviour(tools=(("lookup", "refund"), ("lookup",)), outputs=(("writer", 1),))
    assert behaviour_change(before, now, EXACT) == expected
    assert behaviour_change(before, now, TOOLS) == expected


def test_parallel_conversations_in_another_order_are_no_change() -> None:
    """The tools of each conversation are what they were."""
    one, other = ("lead", "Hi", ["lookup"]), ("writer", "Write", ["save"])
    assert behaviour_change(side(one, other), side(other, one), EXACT) == Behaviour()


def test_what_the_rules_absorb_is_no_change() -> None:
    """A date in an answer is the same under the rule for dates."""
    before, now = side(("a", "Hi", "It is 2026-01-02.")), side(("a", "Hi", "It is 2026-03-04."))
    assert behaviour_change(before, now, EXACT).outputs == (("a", 1),)
    assert behaviour_change(before, now, adjusted(EXACT, normalize=["date"])) == Behaviour()


def test_a_conversation_without_tools_that_is_gone_changes_no_tools() -> None:
    """Where no tool was asked for before and none is now, there is nothing to tell of tools."""
    assert behaviour_change(side(("a", "Hi", "Hello.")), side(), EXACT).tools is None
