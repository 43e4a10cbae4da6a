"""Conversations: which calls belong together, and what each turn brought."""

from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.messages import message
from pytest_llmtrace._model.trace import LLMCall


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
