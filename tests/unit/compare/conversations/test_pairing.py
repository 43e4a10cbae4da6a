"""Which conversation is compared with which."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES, adjusted
from pytest_llmtrace._model.trace import LLMCall, Trace
from tests.unit.compare.traces import call, chat, refund, refund_turns, result, says, system, trace, user

EXACT = POLICIES["exact"]


def found(golden: Trace, observed: Trace) -> list[tuple[str, str, int, object, object]]:
    """Kind, conversation, turn, golden and observed value of each drift."""
    return [
        (one.kind, one.conversation, one.turn, one.golden, one.observed) for one in compare(golden, observed, EXACT)
    ]


@given(order=st.permutations(range(4)), merged=st.randoms(use_true_random=False))
def test_the_order_of_parallel_conversations_is_free(order: list[int], merged: object) -> None:
    """Conversations may begin in any order, and their calls may come in between each other in any way."""
    conversations = [refund(question=f"Refund order {at}", agent=None if at < 2 else "agent") for at in range(4)]
    waiting = [list(conversations[at]) for at in order]
    observed: list[LLMCall] = []
    while any(waiting):
        observed.append(merged.choice([one for one in waiting if one]).pop(0))  # type: ignore[attr-defined]
    assert found(trace(*conversations), trace(observed)) == []


def test_the_order_of_conversations_counts_where_it_is_strict() -> None:
    """With `order = strict`, conversations that come at another place are one drift each."""
    first, second, third = (refund(agent=name) for name in "abc")
    drifts = compare(trace(first, second, third), trace(second, third, first), adjusted(EXACT, order="strict"))
    assert [(one.kind, one.conversation, one.path, one.golden, one.observed, one.folded) for one in drifts] == [
        ("order", "a", "call", 1, 9, 3)
    ]


def test_a_changed_prompt_does_not_part_unlabelled_conversations() -> None:
    """The only conversation of each side is compared, whatever its first message is."""
    golden, observed = (
        trace(call(system("a"), user("b"), out=says("c"))),
        trace(call(system("x"), user("y"), out=says("z"))),
    )
    assert [one[0] for one in found(golden, observed)] == ["prompt", "user", "output"]


def test_conversations_are_told_apart_by_their_question() -> None:
    """Several unlabelled conversations whose common prompt changed pair by what was asked in them."""

    def talks(prompt: str, *questions: str) -> Trace:
        return trace([call(system(prompt), user(question), out=says(question)) for question in questions])

    assert found(talks("old", "a", "b", "c"), talks("new", "c", "a", "b")) == [
        ("prompt", "conversation 1", 1, "old", "new")
    ]


def test_conversations_are_told_apart_by_their_words() -> None:
    """Questions that changed a little pair with those they were."""

    def talks(*questions: str) -> Trace:
        return trace([call(user(question), out=says("ok")) for question in questions])

    golden = talks("translate the letter to Ann", "summarise the news of today", "write a poem about rain")
    observed = talks("write a short poem about rain", "translate the letter to Bob")
    assert found(golden, observed) == [
        ("user", "conversation 1", 1, "translate the letter to Ann", "translate the letter to Bob"),
        (
            "call_missing",
            "conversation 2",
            1,
            {"model": "openai/gpt-4o-mini", "user": "summarise the news of today", "output": "ok"},
            None,
        ),
        ("user", "conversation 3", 1, "write a poem about rain", "write a short poem about rain"),
    ]


def test_random_session_labels_do_not_matter() -> None:
    """Sessions named anew in each run pair by what is said in them."""
    golden = trace(*[refund(question=f"q{at}", session=f"golden-{at}") for at in range(3)])
    observed = trace(*[refund(question=f"q{at}", session=f"observed-{9 - at}") for at in (2, 0, 1)])
    assert found(golden, observed) == []


def test_a_session_label_pairs_whatever_was_said() -> None:
    """Conversations of one explicit session are compared although all of their messages changed."""
    golden = trace(
        call(user("a"), out=says("A"), session="one"),
        call(user("b"), out=says("B"), session="two"),
    )
    observed = trace(
        call(user("b2"), out=says("B"), session="two"),
        call(user("a2"), out=says("A"), session="one"),
    )
    assert found(golden, observed) == [("user", "one", 1, "a", "a2"), ("user", "two", 1, "b", "b2")]


def test_an_agent_pairs_with_itself() -> None:
    """A labelled agent is compared with itself although another one says the same now."""
    golden = trace(call(user("a"), out=says("A"), agent="lead"), call(user("b"), out=says("B"), agent="critic"))
    observed = trace(call(user("c"), out=says("B"), agent="critic"), call(user("b"), out=says("A"), agent="lead"))
    assert found(golden, observed) == [("user", "lead", 1, "a", "b"), ("user", "critic", 1, "b", "c")]


def test_labels_are_no_behaviour() -> None:
    """An agent with a new name that does the same is no drift, nor is a label where there was none."""
    assert found(trace(refund(agent="lead")), trace(refund(agent="boss"))) == []
    assert found(trace(refund()), trace(refund(session="s1"))) == []


def test_calls_that_a_label_groups_anew_are_no_drift() -> None:
    """One session around calls that were conversations of their own changes nothing about them."""
    golden = [call(user(text), out=says(text)) for text in "abc"]
    observed = [replace(one, session="s1") for one in golden]
    assert found(trace(golden), trace(observed)) == []
    assert found(trace(observed), trace(golden)) == []


def test_a_call_under_another_label_is_no_drift() -> None:
    """A call that another agent is said to have made, entirely equal, is the same call."""
    made = [call(user(text), out=says(text.upper()), session="s") for text in "abc"]
    golden = trace([replace(one, agent=name) for one, name in zip(made, ("lead", "lead", "helper"), strict=True)])
    observed = trace([replace(one, agent=name) for one, name in zip(made, ("lead", "helper", "helper"), strict=True)])
    assert found(golden, observed) == []


def test_turns_that_moved_together_are_one_drift() -> None:
    """A block of turns that comes later is one difference that counts them all."""
    made = [call(user(text), out=says(text), session="s1") for text in "abcdefg"]
    (drift,) = compare(trace(made), trace(made[2:], made[:2]), EXACT)
    assert (drift.kind, drift.turn, drift.golden, drift.observed, drift.folded_at) == ("order", 1, 1, 6, ("s1 turn 2",))


def test_a_long_conversation_in_which_everything_changed_is_compared_in_order() -> None:
    """Turns that have nothing left in common are compared one by one."""
    golden, observed = (
        trace(chat(*[([user(f"{side} question {at}")], says(f"{side} answer {at}")) for at in range(70)]))
        for side in ("old", "new")
    )
    drifts = compare(golden, observed, EXACT)
    assert [(one.kind, one.turn) for one in drifts] == [
        (kind, turn) for turn in range(1, 71) for kind in ("user", "output")
    ]


def test_a_conversation_that_is_gone_and_one_that_is_new() -> None:
    """A conversation without a counterpart is missing or added as a whole."""
    golden = trace(refund(agent="a"), refund(agent="b", question="Where is order 9?"))
    (drift,) = compare(golden, trace(refund(agent="a")), EXACT)
    assert (drift.kind, drift.conversation, drift.turn, drift.folded) == ("call_missing", "b", 1, 3)
    (drift,) = compare(trace(refund(agent="a")), golden, EXACT)
    assert (drift.kind, drift.conversation, drift.turn, drift.folded) == ("call_added", "b", 1, 3)


def test_a_conversation_that_falls_apart_is_put_together() -> None:
    """A history rewritten so that it no longer continues what was said is still compared as its next turn."""
    calls = refund()
    rewritten = call(system("Summary: refunded."), user("Thanks!"), out=says("You are welcome."))
    drifts = compare(trace(calls), trace(calls[:3], rewritten), EXACT)
    assert {one.conversation for one in drifts} == {"main"}
    assert {one.turn for one in drifts} == {4}
    assert ("prompt", "messages[0].content") in {(one.kind, one.path) for one in drifts}


def test_calls_with_the_same_messages_are_a_set() -> None:
    """A fan-out to several models may come in any order; a model that was exchanged is one drift."""

    def fan_out(*models: str) -> Trace:
        asked = [call(system("s"), user("q"), out=says(f"{model}!"), model=model, session="s1") for model in models]
        return trace(asked, call(user("merge"), out=says("merged"), session="s1"))

    assert found(fan_out("a", "b", "c"), fan_out("c", "a", "b")) == []
    assert [one[:4] for one in found(fan_out("a", "b"), fan_out("c", "a"))] == [
        ("model", "s1", 2, "b"),
        ("output", "s1", 2, "b!"),
    ]


def test_turns_of_one_session_in_another_order_are_drift() -> None:
    """Inside a conversation the order counts, even of calls that do not continue each other."""
    one_by_one = [call(user(text), out=says(text), session="s1") for text in "abc"]
    drifts = found(trace(one_by_one), trace(one_by_one[1], one_by_one[0], one_by_one[2]))
    assert drifts == [("order", "s1", 1, 1, 2)]


def test_a_session_with_interleaved_histories() -> None:
    """Two histories that take turns under one label are compared, and a change in one stays in it."""
    first = refund(session="s1")
    second = chat(*refund_turns(question="Refund order 9", prompt="Other agent."), session="s1")
    changed = chat(
        *refund_turns(question="Refund order 9", prompt="Other agent.", status={"status": "lost"}), session="s1"
    )
    golden = [one for pair in zip(first, second, strict=True) for one in pair]
    observed = [one for pair in zip(refund(session="s1"), changed, strict=True) for one in pair]
    assert [(one.kind, one.path, one.folded) for one in compare(trace(golden), trace(observed), EXACT)] == [
        ("tool_result", "messages[3].content.status", 2),
        ("tool_result", "messages[3].content.total", 2),
    ]


def test_results_without_a_call() -> None:
    """A tool message whose call is not in the history is compared like any message."""
    golden, observed = (trace(call(replace_id(text), out=says("A"))) for text in ("a", "b"))
    assert found(golden, observed) == [("tool_result", "main", 1, "a", "b")]


def replace_id(text: str) -> object:
    """A result whose id belongs to no call."""
    from pytest_llmtrace._model.messages import message

    return message({**result(text), "tool_call_id": f"orphan {text}"})


@given(order=st.permutations(range(3)))
def test_conversations_that_open_alike_are_told_apart_by_the_rest(order: list[int]) -> None:
    """Unlabelled conversations that begin with one question pair with those they are most like, whatever changed."""

    def talk(at: int, second: str | None = None, **own: object) -> list[LLMCall]:
        turns = [([user("Hello")], says("Hi"), own), ([user(second or f"Order {at}")], says(f"Sent {at}"))]
        return chat(*turns, *[([user(f"And {at}?")], says(f"Too {at}"))] * at)

    golden = trace(*(talk(at) for at in range(3)))
    changed = [talk(0, params={"seed": 1}), talk(1, second="Order 100"), talk(2)]
    assert found(golden, trace(*(changed[at] for at in order))) == [
        ("params", "conversation 1", 1, None, 1),
        ("user", "conversation 2", 2, "Order 1", "Order 100"),
    ]
