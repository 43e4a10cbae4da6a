"""Conversations: which calls belong together, and what each turn brought."""

from dataclasses import replace

from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.messages import message
from pytest_llmtrace._model.trace import CallError, FailedCall, LLMCall


def said(role, text):
    return message({"role": role, "content": text})


def call(*messages, answer="ok", **fields):
    return LLMCall(model="m", messages=messages, output=said("assistant", answer), **fields)


SYSTEM = said("system", "Be kind.")


def test_a_call_that_repeats_the_history_is_the_next_turn():
    """Each turn shows only what it added to what was known."""
    first = call(SYSTEM, said("user", "a"), answer="A")
    second = call(SYSTEM, said("user", "a"), said("assistant", "A"), said("user", "b"), answer="B")
    (found,) = conversations([first, second])
    assert found.label == "main"
    assert [(turn.number, turn.kept, turn.added) for turn in found.turns] == [
        (1, 0, (SYSTEM, said("user", "a"))),
        (2, 3, (said("user", "b"),)),
    ]


def test_calls_with_other_histories_are_other_conversations():
    """Two questions under one system prompt are two conversations."""
    found = conversations([call(SYSTEM, said("user", "a")), call(SYSTEM, said("user", "b"))])
    assert [one.label for one in found] == ["conversation 1", "conversation 2"]


def test_a_rewritten_context_stays_one_conversation_by_its_last_answer():
    """A system prompt that changes every turn does not break the conversation."""
    first = call(said("system", "It is 10:01."), said("user", "a"), answer="A")
    second = call(said("system", "It is 10:02."), said("user", "a"), said("assistant", "A"), said("user", "b"))
    (found,) = conversations([first, second])
    assert [turn.kept for turn in found.turns] == [0, 0]


def test_interleaved_conversations_are_told_apart():
    """Parallel agents without labels are grouped by the history that each continues."""
    a1 = call(said("user", "a"), answer="A")
    b1 = call(said("user", "b"), answer="B")
    a2 = call(said("user", "a"), said("assistant", "A"), said("user", "a2"))
    b2 = call(said("user", "b"), said("assistant", "B"), said("user", "b2"))
    found = conversations([a1, b1, b2, a2])
    assert [one.calls for one in found] == [(a1, a2), (b1, b2)]


def test_a_session_label_groups_whatever_was_said():
    """Calls with one session are one conversation, named by its agent."""
    found = conversations(
        [call(said("user", "a"), session="s", agent="lead"), call(said("user", "z"), session="s", agent="lead")]
    )
    assert [(one.label, len(one.turns)) for one in found] == [("lead", 2)]


def test_agents_of_one_name_are_numbered():
    """Two conversations of agents with one name can be told apart."""
    found = conversations([call(said("user", "a"), agent="w"), call(said("user", "b"), agent="w")])
    assert [one.label for one in found] == ["w #1", "w #2"]


def test_the_same_tool_answer_without_text_does_not_join_strangers():
    """An answer of tool calls alone is recognised by its call ids."""
    calls = [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    asked = message({"role": "assistant", "tool_calls": calls})
    first = LLMCall(messages=(said("user", "a"),), output=asked)
    result = message({"role": "tool", "tool_call_id": "c1", "content": "1"})
    second = call(said("user", "a"), asked, result)
    stranger = call(said("user", "other"), message({"role": "assistant", "tool_calls": [{**calls[0], "id": "c9"}]}))
    assert [len(one.turns) for one in conversations([first, second, stranger])] == [2, 1]


FAILED = replace(call(said("user", "a")), output=None, status="error", error=CallError(type="busy", message="later"))


def test_a_fallback_continues_the_conversation_whose_last_call_failed():
    """What is asked instead of a call that failed is its next turn, which brings no message."""
    second = call(said("user", "a"), fallback_from=FailedCall(model="m", error="busy"))
    third = call(said("user", "a"), said("assistant", "ok"), said("user", "b"))
    (found,) = conversations([FAILED, second, third])
    assert [(turn.kept, turn.added) for turn in found.turns] == [
        (0, (said("user", "a"),)),
        (1, ()),
        (2, (said("user", "b"),)),
    ]


def test_each_of_several_fallbacks_continues_the_conversation_that_asked_the_same():
    """Of calls that failed side by side each is followed by its own fallback, whatever the order."""
    other = replace(FAILED, messages=(said("user", "b"),))
    instead = [call(said("user", text), fallback_from=FailedCall(model="m", error="busy")) for text in ("b", "a")]
    found = conversations([FAILED, other, *instead])
    assert [[turn.call.messages[0].text for turn in one.turns] for one in found] == [["a", "a"], ["b", "b"]]


def test_the_same_question_after_a_failure_is_no_fallback_of_itself():
    """Only what was captured as a fallback is one: members of a fan-out ask the same, and some may fail."""
    assert len(conversations([FAILED, call(said("user", "a"))])) == 2
