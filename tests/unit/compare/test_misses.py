"""Replay: requests that are not on the tape, and runs that they stopped."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES, adjusted
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.trace import LLMCall, Trace
from tests.unit.compare.traces import asks, call, chat, missed, refund, refund_turns, result, says, system, trace, user

EXACT = POLICIES["exact"]


def stopped(golden: Trace, observed: Trace) -> list[tuple[str, str, int, str]]:
    """Kind, conversation, turn and path of each drift of a run that a miss ended."""
    drifts = compare(golden, observed, EXACT, stopped=True)
    assert all(one.severity == "fail" for one in drifts)
    return [(one.kind, one.conversation, one.turn, one.path) for one in drifts]


def last_missed(calls: list[LLMCall]) -> list[LLMCall]:
    """The same calls with the last one unanswered."""
    return [*calls[:-1], replace(calls[-1], output=None, status="missed")]


@pytest.mark.parametrize(
    ("observed", "kind", "turn", "path"),
    [
        (refund(prompt="Be rude.")[:1], "prompt", 1, "messages[0].content"),
        (refund(question="Refund!")[:1], "user", 1, "messages[1].content"),
        (refund(model="gpt-5")[:1], "model", 1, "model"),
        (refund(params={"temperature": 1})[:1], "params", 1, "params.temperature"),
        (refund(status={"status": "lost", "total": 20})[:2], "tool_result", 2, "messages[3].content.status"),
        (refund(thanks="Thx"), "user", 4, "messages[7].content"),
    ],
)
def test_a_miss_is_what_its_request_has_different(observed: list[LLMCall], kind: str, turn: int, path: str) -> None:
    """The request without an answer is compared with the golden turn it would have been; what comes later is not."""
    assert stopped(trace(refund()), trace(last_missed(observed))) == [(kind, "main", turn, path)]


def test_a_miss_has_no_answer_to_compare() -> None:
    """Neither output nor finish reason of the golden turn is called gone."""
    golden = trace(chat(([user("a")], says("A"), {"finish_reason": "stop"})))
    (drift,) = compare(golden, trace(missed(user("b"))), EXACT, stopped=True)
    assert drift == Drift(
        kind="user",
        conversation="main",
        turn=1,
        path="messages[0].content",
        golden="a",
        observed="b",
        role="user",
        first=True,
    )


def test_a_changed_argument_in_the_history_is_a_tool_call() -> None:
    """What the application changed about the model's tool call is told as that."""
    calls = refund()
    history = [
        *calls[0].messages,
        asks(("lookup_order", {"order_id": "999"})),
        result({"status": "delivered", "total": 20}),
    ]
    assert stopped(trace(calls), trace(calls[0], missed(*history))) == [
        ("tool_call", "main", 2, "messages[2].tool_calls[0].arguments.order_id")
    ]


def test_a_call_that_was_skipped_before_the_miss() -> None:
    """The call that was not made is the drift; the request that lacks its messages is no second one."""
    first, second, _, fourth = refund_turns()
    observed = last_missed(chat(first, second, fourth))
    (drift,) = compare(trace(refund()), trace(observed), EXACT, stopped=True)
    assert (drift.kind, drift.turn, drift.folded_at) == ("call_missing", 3, ("main turn 4",))


def test_a_request_too_many_at_the_end() -> None:
    """One more turn than recorded is a call that was added."""
    golden = refund()
    more = missed(*golden[3].messages, golden[3].output, user("One more thing"))
    assert stopped(trace(golden), trace(refund(), more)) == [("call_added", "main", 5, "call")]


def test_a_request_that_is_made_again() -> None:
    """A request that was answered as often as it was recorded is added, in the conversation that it repeats."""
    golden = refund()
    again = replace(golden[1], output=None, status="missed")
    assert stopped(trace(golden), trace(golden[:2], again)) == [("call_added", "main", 3, "call")]
    alone = call(user("a"), out=says("A"))
    assert stopped(trace(alone), trace(alone, missed(user("a")))) == [("call_added", "main", 1, "call")]


def test_a_recorded_request_that_has_no_answer() -> None:
    """A request equal to a golden one that was not answered yet cannot be told from one too many."""
    assert stopped(trace(refund()), trace(last_missed(refund()[:2]))) == [("call_added", "main", 2, "call")]


def test_other_conversations_were_not_reached() -> None:
    """What parallel conversations had not done when the run stopped is no drift."""
    golden = trace(refund(agent="a"), refund(agent="b", question="Where?"), refund(agent="c", question="Why?"))
    observed = trace(refund(agent="a")[:2], last_missed(refund(agent="b", question="Where?", prompt="Be rude.")[:1]))
    assert stopped(golden, observed) == [("prompt", "b", 1, "messages[0].content")]


def test_a_missing_call_between_two_that_were_made_is_drift_in_a_stopped_run() -> None:
    """Only what comes after the last call made was not reached."""
    calls = [call(user(text), out=says(text), session="s1") for text in "abc"]
    assert stopped(trace(calls), trace(calls[0], calls[2])) == [("call_missing", "s1", 2, "call")]


def test_one_question_among_several_conversations() -> None:
    """A changed one-shot request is compared with the recorded request it looks like, not with the next in order."""
    golden = trace([call(user(f"translate {word} please"), out=says(word)) for word in ("tree", "house", "river")])
    observed = trace(call(user("translate tree please"), out=says("tree")), missed(user("translate river now please")))
    assert stopped(golden, observed) == [("user", "conversation 3", 1, "messages[0].content")]


def test_several_requests_miss_at_once() -> None:
    """Requests of a fan-out that all miss for one reason are one drift."""

    def fan_out(prompt: str) -> list[LLMCall]:
        return [call(system(prompt), user(f"part {at}"), out=says("ok")) for at in range(3)]

    observed = [replace(one, output=None, status="missed") for one in fan_out("new")]
    (drift,) = compare(trace(fan_out("old")), trace(observed), EXACT, stopped=True)
    assert (drift.kind, drift.folded_at) == ("prompt", ("conversation 2 turn 1", "conversation 3 turn 1"))


def test_a_miss_fails_whatever_the_policy_ignores() -> None:
    """A difference that the policy ignores fails when replay had no answer because of it."""
    observed = trace(last_missed(refund(prompt="Be rude.")[:1]))
    for policy in (
        adjusted(EXACT, severities={"prompt": "ignore"}),
        adjusted(EXACT, severities={"prompt": "warn"}),
        adjusted(EXACT, ignore=["messages[0].content"]),
        POLICIES["tools"],
    ):
        drifts = compare(trace(refund()), observed, policy, stopped=True)
        assert [(one.kind, one.path, one.severity) for one in drifts] == [("prompt", "messages[0].content", "fail")]


def test_a_miss_is_blamed_on_what_no_rule_absorbs() -> None:
    """What rules absorb is listed only where nothing else differs; a kind that only warns says so."""
    golden, asked = call(user("hi"), out=says("ho"), params={"seed": 1}), call(user("hey"), params={"seed": 2})
    observed = trace(replace(asked, output=None, status="missed"))
    policy = adjusted(EXACT, severities={"user": "warn"}, ignore=["params.seed"])
    (drift,) = compare(trace(golden), observed, policy, stopped=True)
    assert (drift.kind, drift.severity, drift.policy_severity, drift.first) == ("user", "fail", "warn", True)
    everything = adjusted(EXACT, ignore=["params.seed", "messages"])
    drifts = compare(trace(golden), observed, everything, stopped=True)
    assert [(one.kind, one.severity, one.policy_severity) for one in drifts] == [
        ("params", "fail", None),
        ("user", "fail", None),
    ]


def test_a_miss_that_the_run_survived() -> None:
    """Where the application went on without an answer, what it did not do is missing."""
    golden = [call(user(text), out=says(text), session="s1") for text in "abc"]
    observed = [golden[0], missed(user("x"), session="s1")]
    drifts = compare(trace(golden), trace(observed), EXACT)
    assert [(one.kind, one.turn) for one in drifts] == [("user", 2), ("call_missing", 3)]


@given(cut=st.integers(0, 8))
def test_what_was_done_before_a_stop_is_no_drift(cut: int) -> None:
    """Any beginning of a golden trace, stopped there, differs in nothing."""
    golden = [*refund(agent="a"), *refund(agent="b", question="Where?")]
    assert compare(trace(golden), trace(golden[:cut]), EXACT, stopped=True) == ()


@given(cut=st.integers(1, 4))
def test_a_miss_always_has_a_reason(cut: int) -> None:
    """Wherever a run stops at a request, something that fails says why."""
    assert stopped(trace(refund()), trace(last_missed(refund()[:cut])))
