"""Fan-outs on both sides: a set of members, each difference once, named by the member."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_llmtrace._compare.conversations.fan_outs import only_order_of_quotes_differs
from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES, adjusted
from pytest_llmtrace._model.trace import LLMCall, Trace
from tests.unit.compare.traces import call, says, system, trace, user

EXACT = POLICIES["exact"]
QUESTION = "What is the capital of France?"
ANSWERS = {name: f"As {name} I would say:\nit is Paris, on the Seine, without any doubt." for name in "abc"}


def members(answers: dict[str, str] = ANSWERS, **fields: Any) -> list[LLMCall]:
    """A call for each answer, to a model of its own."""
    return [
        call(system("Answer."), user(QUESTION), out=says(text), **{"model": name, **fields})
        for name, text in answers.items()
    ]


def judge(answers: Sequence[str], instruction: str = "Merge these:", **fields: Any) -> LLMCall:
    """The aggregator."""
    listed = "\n".join(f"{number}. {text}" for number, text in enumerate(answers, start=1))
    return call(system(f"{instruction}\n{listed}\nBe brief."), user(QUESTION), out=says("Paris."), **fields)


def moa(answers: dict[str, str] = ANSWERS, **fields: Any) -> Trace:
    """A whole fan-out."""
    return trace(members(answers, **fields), judge(list(answers.values())))


def found(golden: Trace, observed: Trace, policy: Any = EXACT) -> list[tuple[str, str, int, str, object, object]]:
    """Kind, conversation, turn, path, golden and observed value of each drift."""
    return [
        (one.kind, one.conversation, one.turn, one.path, one.golden, one.observed)
        for one in compare(golden, observed, policy)
    ]


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
@pytest.mark.parametrize("policy", [EXACT, adjusted(EXACT, order="strict")], ids=["free", "strict"])
def test_the_order_of_members_is_no_drift(order: tuple[str, ...], policy: Any) -> None:
    """Neither which member began first nor in which order the aggregator quotes them counts."""
    assert found(moa(), moa({name: ANSWERS[name] for name in order}), policy) == []


def test_a_member_that_answers_otherwise_is_one_drift() -> None:
    """That the aggregator quotes another answer follows from it."""
    other = {**ANSWERS, "b": "I am b and I have\nno idea at all."}
    (drift,) = compare(moa(), moa(other), EXACT)
    assert (drift.kind, drift.conversation, drift.turn, drift.path) == (
        "output",
        "openai/b (fan-out)",
        1,
        "output.content",
    )
    assert drift.folded_at == ("conversation 1 turn 1",)


def test_a_member_that_is_asked_otherwise_is_one_drift() -> None:
    """A parameter that changed is named with its member, wherever that began."""
    golden, observed = members(), members()
    observed[2] = members({"c": ANSWERS["c"]}, params={"temperature": 1})[0]
    judged = judge(list(ANSWERS.values()))
    assert found(trace(golden, judged), trace(observed[2], observed[:2], judged)) == [
        ("params", "openai/c (fan-out)", 1, "params.temperature", None, 1),
    ]


def test_another_instruction_of_the_aggregator_is_its_own_drift() -> None:
    """What an aggregator says besides the answers is compared as ever."""
    golden, observed = moa(), trace(members(), judge(list(ANSWERS.values()), "Choose from these:"))
    assert [one[:4] for one in found(golden, observed)] == [("prompt", "conversation 1", 1, "messages[0].content")]


def test_answers_given_to_the_wrong_member_are_drift() -> None:
    """An aggregator that puts one member's name before another's answer is seen."""

    def told(names: str) -> Trace:
        lines = [f"{name} says {ANSWERS[answer]}" for name, answer in zip("abc", names, strict=True)]
        return trace(members(), call(user("\n".join(lines)), out=says("Paris.")))

    assert [one[:4] for one in found(told("abc"), told("bac"))] == [
        ("user", "conversation 1", 1, "messages[0].content")
    ]


@pytest.mark.parametrize(("gone", "kind"), [(True, "call_missing"), (False, "call_added")])
def test_a_member_that_comes_or_goes_is_one_drift(*, gone: bool, kind: str) -> None:
    """A member on one side only is a missing or added call; the shorter list in the prompt follows from it."""
    fewer, more = moa({name: ANSWERS[name] for name in "ac"}), moa()
    sides = (more, fewer) if gone else (fewer, more)
    assert [one[:4] for one in found(*sides)] == [(kind, "openai/b (fan-out)", 1, "call")]


LONG = {name: f"As {name} I say: " + " ".join(f"{name}{at}" for at in range(60)) for name in "abcd"}


def told(answers: dict[str, str], label: str = "Expert {}: ", cut: int | None = None) -> Trace:
    """A fan-out whose aggregator quotes so many characters of each answer."""
    lines = [label.format(number) + text[:cut] for number, text in enumerate(answers.values(), start=1)]
    return trace(members(answers), call(user("\n".join(lines)), out=says("Paris.")))


def without(name: str) -> dict[str, str]:
    """The answers of the other members."""
    return {one: text for one, text in LONG.items() if one != name}


@pytest.mark.parametrize("cut", [90, None])
@pytest.mark.parametrize("answers", [LONG, {**LONG, "b": "I have no idea."}], ids=["same answers", "another answer"])
def test_how_much_of_the_answers_is_quoted_counts(cut: int | None, answers: dict[str, str]) -> None:
    """An aggregator that is told less, or more, of the same answers is its own drift, whatever a member says."""
    drifts = found(told(LONG, cut=150), told(answers, cut=cut))
    assert [one[0] for one in drifts] == [*(["output"] if answers is not LONG else []), "user"]
    assert [one[0] for one in found(told(LONG, cut=150), told(answers, cut=150))] == ["output"][: len(drifts) - 1]


@pytest.mark.parametrize("gone", list(LONG))
def test_what_is_said_of_the_other_members_counts(gone: str) -> None:
    """A member that is gone takes its line along and moves the numbers; what else changes is its own drift."""
    drifts = found(told(LONG), told(without(gone)))
    assert [one[0] for one in drifts] == ["call_missing"]
    drifts = found(told(LONG), told(without(gone), label="Fool {}: "))
    assert [one[0] for one in drifts] == ["call_missing", "user"]


@pytest.mark.parametrize("session", [None, "s1"])
def test_samples_of_one_model_are_a_multiset(session: str | None) -> None:
    """Equal calls whose answers come in another order are the same; another answer is one drift."""

    def samples(*answers: str) -> Trace:
        asked = [call(user("6 * 7?"), out=says(answer), session=session) for answer in answers]
        return trace(asked, judge(answers, session=session))

    assert found(samples("42", "42", "41"), samples("41", "42", "42")) == []
    assert [(one[0], one[4:]) for one in found(samples("42", "42", "41"), samples("42", "40", "41"))] == [
        ("output", ("42", "40"))
    ]


def test_equal_requests_that_feed_nothing_keep_their_order() -> None:
    """Outside of a fan-out, answers to equal requests come in an order that counts."""

    def polled(*answers: str) -> Trace:
        return trace([call(user("Done?"), out=says(answer), session="s1") for answer in answers])

    assert [one[0] for one in found(polled("not yet", "now"), polled("now", "not yet"))] == ["order"]


def test_a_fan_out_that_did_not_come_to_its_end() -> None:
    """Where replay stopped before the aggregator, members that were made are still recognised."""
    stopped = trace(members()[:2])
    assert compare(moa(), stopped, EXACT, stopped=True) == ()


def test_a_member_that_is_gone_is_the_cause_where_its_aggregator_was_stopped() -> None:
    """The aggregator asks for something that is not on the tape; the member came before it and was not made."""
    golden, changed = told(LONG), told(without("b"))
    *made, aggregator = changed.calls
    stopped = trace(made, replace(aggregator, output=None, status="missed"))
    drifts = compare(golden, stopped, EXACT, stopped=True)
    assert [(one.kind, one.conversation, one.severity) for one in drifts] == [
        ("call_missing", "openai/b (fan-out)", "fail")
    ]


def test_a_request_that_quotes_otherwise_is_another_one() -> None:
    """Replay takes the order of the quotes for chance, nothing else: neither one fewer nor less of each."""
    answers = list(LONG.values())
    asked = user("\n".join(answers))
    assert only_order_of_quotes_differs(asked, user("\n".join(answers[::-1])), answers)
    for other in (answers[1:], [text[:90] for text in answers]):
        assert not only_order_of_quotes_differs(asked, user("\n".join(other)), answers)
