"""Fan-outs: calls from one point whose answers all feed a later one."""

import itertools
import json
import time

import pytest

from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.fanout import fan_outs
from pytest_llmtrace._model.messages import message
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._model.usage import Totals, Usage

LONG = "The capital of France is Paris, which lies on the Seine and has been its seat of government since 987. " * 3
ANSWERS = (f'I say "this":\n{LONG}', f"On reflection: {LONG}", "It is Paris.")


def system(text):
    return {"role": "system", "content": text}


def user(text):
    return {"role": "user", "content": text}


def call(*messages, answer=None, **fields):
    output = message({"role": "assistant", "content": answer}) if isinstance(answer, str) else answer
    return LLMCall(**{"model": "m", "messages": tuple(map(message, messages)), "output": output, **fields})


def references(question="Capital of France?", answers=ANSWERS, **fields):
    """A call for each answer, to a model of its own, with its own system prompt."""
    return [
        call(system(f"You are {name}."), user(question), answer=answer, model=name, **fields)
        for name, answer in zip("abc", answers, strict=True)
    ]


def numbered(answers):
    return "\n".join(f"{number}. {answer}" for number, answer in enumerate(answers, start=1))


def found(calls):
    """For each fan-out the labels of its members, and its aggregator's model."""
    return [([member.label for member in one.members], one.aggregator.model) for one in fan_outs(calls)]


AGGREGATORS = {
    "system message": [system(f"Synthesize these:\n{numbered(ANSWERS)}"), user("Capital of France?")],
    "user message": [user("\n\n".join(f"<answer>{answer}</answer>" for answer in ANSWERS))],
    "a message each": [*map(user, ANSWERS)],
    "other order": [user(numbered(reversed(ANSWERS)))],
    "indented": [user(numbered(answer.replace("\n", "\n    ") for answer in ANSWERS))],
    "cut": [user(numbered(answer[:100] + "..." for answer in ANSWERS))],
    "JSON": [user(json.dumps(ANSWERS))],
}


@pytest.mark.parametrize("messages", AGGREGATORS.values(), ids=AGGREGATORS)
def test_answers_that_feed_a_later_call_make_a_fan_out(messages):
    """Wherever the aggregator puts the answers, numbered, in tags, indented or cut."""
    calls = [*references(), call(*messages, answer="Paris.", model="judge")]
    assert found(calls) == [(["a", "b", "c"], "judge")]


def test_a_fan_out_has_a_price_per_member_and_in_sum():
    """The sum is of the members; the aggregator has its own price."""
    fields = {"usage": Usage(input_tokens=10, output_tokens=2), "cost": 0.5}
    calls = [*references(**fields), call(user(numbered(ANSWERS)), model="judge", **fields)]
    (fan_out,) = fan_outs(calls)
    assert [member.totals.cost_usd for member in fan_out.members] == [0.5, 0.5, 0.5]
    assert fan_out.totals == Totals(calls=3, usage=Usage(input_tokens=30, output_tokens=6), priced_usd=1.5)
    assert fan_out.aggregator is calls[-1]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_members_are_a_set(order):
    """Whatever member began first, the fan-out is the same."""
    members, judge = references(), call(user(numbered(ANSWERS)), model="judge")
    assert fan_outs([*(members[at] for at in order), judge]) == fan_outs([*members, judge])


def test_one_model_asked_several_times():
    """Samples of one model are members too, however short and equal their answers are."""
    samples = [call(user("6 * 7?"), answer=answer) for answer in ("42", "42", "41")]
    vote = call(user("Which is right?\n1. 42\n2. 42\n3. 41"), model="judge")
    assert found([*samples, vote]) == [(["m #1", "m #2", "m #3"], "judge")]
    assert found([*samples[:2], call(user("So it is\n42"), model="judge")]) == []
    assert found([*samples, call(user("Is 4200041 a prime?"), model="judge")]) == []


def test_a_member_that_uses_tools_is_all_its_calls():
    """A member's price is that of every call which led to its answer."""
    asked = message(
        {
            "role": "assistant",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        }
    )
    looked = call(user("Capital of France?"), answer=asked, model="t")
    told = call(
        user("Capital of France?"), asked, {"role": "tool", "tool_call_id": "c1", "content": "map"}, answer=LONG
    )
    other = call(user("Capital of France?"), answer=ANSWERS[0], model="a")
    (fan_out,) = fan_outs([looked, other, told, call(user(numbered([LONG, ANSWERS[0]])))])
    assert {member.label: member.calls for member in fan_out.members} == {"a": (other,), "m": (looked, told)}


def test_layers_are_a_fan_out_each():
    """References that see the answers of others before them feed the next layer."""
    first = references()
    seen = system(f"Improve on these:\n{numbered(ANSWERS)}")
    better = [f"Better {answer}" for answer in ANSWERS]
    second = [call(seen, user("Capital of France?"), answer=answer, model=f"{answer[:9]}") for answer in better]
    last = call(system(numbered(better)), user("Capital of France?"), model="judge")
    assert [len(one.members) for one in fan_outs([*first, *second, last])] == [3, 3]
    assert fan_outs([*first, *second, last])[1].aggregator is last


def test_members_of_one_session_and_of_labelled_agents():
    """A session label, or members that begin with another history, change nothing."""
    judge = call(user(numbered(ANSWERS)), model="judge", session="s")
    assert found([*references(session="s"), judge]) == [(["a", "b", "c"], "judge")]
    own = [
        call(system(name), user(f"I am {name}"), user("Capital of France?"), answer=answer, agent=name, parent="lead")
        for name, answer in zip("abc", ANSWERS, strict=True)
    ]
    assert found([*own, judge]) == [(["a", "b", "c"], "judge")]
    assert [one.label for one in conversations([*own, judge])] == ["a", "b", "c", "s"]


def test_what_is_no_fan_out():
    """A history that goes on, a pipeline, answers that nobody uses, and one that is used alone."""
    one, two, _ = references()
    chat = [call(user("a"), answer=LONG)]
    chat.append(call(user("a"), {"role": "assistant", "content": LONG}, user("a"), answer=ANSWERS[0]))
    chat.append(call(*chat[1].messages, dict(chat[1].output), user("a"), answer="x"))
    told = call(system(f"It was said: {ANSWERS[0]}"), user("Capital of France?"), answer=ANSWERS[1])
    assert found(chat) == []
    assert found([one, two]) == []
    assert found([one, two, call(user(f"Use this: {ANSWERS[1]}"))]) == []
    assert found([one, told, call(user(numbered(ANSWERS)))]) == []


def test_members_without_a_label_are_named_by_their_model():
    """A reader of reports sees which conversation is which member, and of which fan-out."""
    first, second = references(), references("Another question?")
    judges = [call(user(f"{number}\n{numbered(ANSWERS)}"), model="judge") for number in (1, 2)]
    assert [one.label for one in conversations([*first, judges[0]])] == [
        "a (fan-out)",
        "b (fan-out)",
        "c (fan-out)",
        "conversation 1",
    ]
    both = conversations([*first, judges[0], *second, judges[1]])
    assert [one.label for one in both][:5] == [
        "a (fan-out 1)",
        "b (fan-out 1)",
        "c (fan-out 1)",
        "conversation 1",
        "a (fan-out 2)",
    ]
    assert [turn.fan_out for one in both for turn in one.turns] == [1, 1, 1, None, 2, 2, 2, None]


def test_the_work_grows_with_the_texts():
    """Twice as many rounds of a fan-out take about twice as long to find."""

    def seconds(rounds):
        calls = []
        for number in range(rounds):
            answers = [f"Answer {number} of {name}. {LONG}" for name in "abc"]
            calls += references("The same question?", answers)
            calls.append(call(user(numbered(answers)), model="judge"))
        begun = time.process_time()
        assert len(fan_outs(calls)) == rounds
        return time.process_time() - begun

    seconds(10)
    assert min(seconds(200) for _ in range(3)) < 12 * min(seconds(50) for _ in range(3))
