"""Contexts that an application rewrote: they stay one conversation, and what was done to them is known."""

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model import rewriting
from pytest_llmtrace._model.conversations import conversations, history
from pytest_llmtrace._model.grouping import grouped
from pytest_llmtrace._model.messages import message
from pytest_llmtrace._model.rewriting import Rewritten, linked_calls, links
from pytest_llmtrace._model.trace import LLMCall

SYSTEM = {"role": "system", "content": "Be kind."}


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


def call(*messages, answer="ok", **fields):
    output = message(assistant(answer)) if isinstance(answer, str) else answer and message(answer)
    return LLMCall(model="m", messages=tuple(map(message, messages)), output=output, **fields)


def chat(turns, window=None, **fields):
    """The calls of a chat that sends the system prompt and at most the last `window` messages."""
    said, calls = [], []
    for number in range(1, turns + 1):
        said.append(user(f"question {number}"))
        calls.append(call(SYSTEM, *(said[-window:] if window else said), answer=f"answer {number}", **fields))
        said.append(assistant(f"answer {number}"))
    return calls


def contexts(calls):
    """For each turn of the one conversation what it follows and how its context was rewritten."""
    (found,) = conversations(calls)
    return [(turn.follows, turn.rewritten) for turn in found.turns]


def truncated(*dropped):
    return Rewritten(kind="truncated", dropped=dropped)


def test_a_history_that_goes_on_is_not_rewritten():
    """A chat that repeats all of its history is as it should be."""
    assert contexts(chat(3)) == [(None, None), (1, None), (2, None)]


def test_a_sliding_window_stays_one_conversation():
    """The system prompt and the last messages are kept: each turn says which messages of the last one are gone."""
    assert contexts(chat(4, window=3)) == [(None, None), (1, None), (2, truncated(1, 2)), (3, truncated(1, 2))]


def test_a_window_over_equal_messages_drops_the_oldest():
    """Where the user says the same every time, it is the first messages that are gone."""
    calls = [
        call(SYSTEM, user("go"), answer="one"),
        call(SYSTEM, user("go"), assistant("one"), user("go"), answer="two"),
        call(SYSTEM, user("go"), assistant("two"), user("go"), answer="three"),
    ]
    assert contexts(calls)[2] == (2, truncated(1, 2))


def test_a_summary_that_keeps_the_last_messages_stays_one_conversation():
    """One new message in place of several is a summary."""
    calls = chat(3)
    kept = [dict(one) for one in history(calls[-1])[-2:]]
    calls.append(call(SYSTEM, user("Summary: two questions."), *kept, user("question 4")))
    assert contexts(calls)[3] == (3, Rewritten(kind="summarised", dropped=(1, 2, 3, 4), inserted=(1,)))


def test_a_summary_of_everything_stays_with_its_session():
    """With a label, a summary that keeps nothing but the system prompt is one; without, nothing says so."""
    after = (SYSTEM, user("Summary: two questions."), user("question 3"))
    labelled = [*chat(2, session="s"), call(*after, session="s")]
    assert contexts(labelled)[2] == (2, Rewritten(kind="summarised", dropped=(1, 2, 3, 4), inserted=(1,)))
    assert [len(one.turns) for one in conversations([*chat(2), call(*after)])] == [2, 1]


def test_a_cleared_tool_result_is_an_edit():
    """A tool result that is replaced in place is one message edited, on the turn that did it."""
    asked = {
        "role": "assistant",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    }
    result, cleared = ({"role": "tool", "tool_call_id": "c1", "content": text} for text in ("long", "[cleared]"))
    calls = [
        call(SYSTEM, user("a"), answer=asked),
        call(SYSTEM, user("a"), asked, result, answer="A"),
        call(SYSTEM, user("a"), asked, cleared, assistant("A"), user("b"), answer="B"),
        call(SYSTEM, user("a"), asked, cleared, assistant("A"), user("b"), assistant("B"), user("c")),
    ]
    assert contexts(calls)[1:] == [(1, None), (2, Rewritten(kind="edited", dropped=(3,), inserted=(3,))), (3, None)]


def test_a_clock_in_the_prompt_is_an_edit_beside_a_truncation():
    """A system message that changes is not taken for the summary of what was dropped after it."""
    first = call({"role": "system", "content": "10:01"}, user("a"), answer="A")
    second = call({"role": "system", "content": "10:02"}, user("a"), assistant("A"), user("b"), answer="B")
    third = call({"role": "system", "content": "10:03"}, user("b"), assistant("B"), user("c"))
    assert contexts([first, second, third])[1:] == [
        (1, Rewritten(kind="edited", dropped=(0,), inserted=(0,))),
        (2, Rewritten(kind="truncated", dropped=(0, 1, 2), inserted=(0,))),
    ]


def test_an_answer_repeated_without_its_reasoning_is_not_rewritten():
    """Applications drop the reasoning when they repeat an answer."""
    first = call(user("a"), answer={"role": "assistant", "content": "A", "reasoning": "hm"})
    assert contexts([first, call(user("a"), assistant("A"), user("b"))])[1] == (1, None)


def test_a_side_call_of_a_session_begins_afresh():
    """A title made in the same session rewrites nothing, and the chat goes on where it was."""
    chatted = chat(2, session="s")
    title = call({"role": "system", "content": "Title?"}, user("question 1"), session="s", answer="A chat")
    fresh = call(SYSTEM, user("something else"), session="s")
    assert contexts([chatted[0], title, chatted[1], fresh]) == [(None, None), (None, None), (1, None), (None, None)]


def test_a_fresh_question_is_another_conversation():
    """The same system prompt, and the same examples with the same answer, do not join strangers."""
    examples = (SYSTEM, user("example"), assistant("yes"))
    calls = [call(*examples, user("a"), answer="yes"), call(*examples, user("b"), answer="yes"), *chat(1)]
    assert [len(one.turns) for one in conversations(calls)] == [1, 1, 1]


def test_parallel_agents_that_answer_alike_are_told_apart_after_a_truncation():
    """With one system prompt and equal answers, the message before the answer says whose it is."""
    one, other = ([call(SYSTEM, user(name), answer="ok")] for name in "ab")
    for name, calls in (("a", one), ("b", other)):
        second = call(SYSTEM, user(name), assistant("ok"), user(f"{name} 2"), answer="ok")
        calls += [second, call(SYSTEM, user(f"{name} 2"), assistant("ok"), user(f"{name} 3"), answer="ok")]
    mixed = [one[0], other[0], other[1], one[1], one[2], other[2]]
    assert [list(found.calls) for found in conversations(mixed)] == [one, other]


def test_equal_conversations_are_continued_in_turn_however_they_interleave():
    """A conversation that was continued is not continued again while an equal one waits."""
    first = [call(user("a"), answer="A") for _ in range(2)]
    second = [call(user("a"), assistant("A"), user(text)) for text in ("b", "c")]
    for order in ([*first, *second], [first[0], second[0], first[1], second[1]]):
        assert [list(found.calls) for found in conversations(order)] == [
            [first[0], second[0]],
            [first[1], second[1]],
        ]


POOL = [message(one) for one in (SYSTEM, user("a"), user("b"), assistant("1"), assistant("2"))]
"""Messages that are one object wherever they stand, as where a run is captured."""


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "goes_on": st.booleans(),
                "new": st.lists(st.sampled_from(POOL), max_size=2),
                "answer": st.sampled_from([*POOL[3:], None]),
                "agent": st.sampled_from([None, None, None, "lead"]),
                "operation": st.sampled_from(["chat", "chat", "chat", "embeddings"]),
            }
        ),
        max_size=4,
    )
)
def test_what_goes_straight_on_is_linked_as_anything_else(steps):
    """Conversations that repeat all of their history are recognised at once, and come out as by the long way."""
    calls = []
    for one in steps:
        sent = history(calls[-1]) if calls and one["goes_on"] else ()
        labels = {name: one[name] for name in ("agent", "operation")}
        calls.append(LLMCall(model="m", messages=(*sent, *one["new"]), output=one["answer"], **labels))
    found = [(list(group), list(hung)) for group, hung in linked_calls(calls)]
    assert found == [(group, links(group)) for group in grouped(calls)]


def test_what_goes_straight_on_is_not_grouped(monkeypatch):
    """A conversation that is alone and repeats its history, as nearly all do, costs a look at what is new."""
    monkeypatch.setattr(rewriting, "grouped", None)
    said = [POOL[0], POOL[1], POOL[3], POOL[2], POOL[4], POOL[1]]
    calls = [LLMCall(model="m", messages=tuple(said[:end]), output=(*said, POOL[3])[end]) for end in (2, 4, 6)]
    assert [link.follows for _, hung in linked_calls(calls) for link in hung] == [None, 0, 1]
