"""Digests of behaviour, and what they promise about the comparison."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._compare import digests
from pytest_llmtrace._compare.calls.fingerprints import Fingerprints
from pytest_llmtrace._compare.calls.lens import lens
from pytest_llmtrace._compare.digests import behaviour_digest
from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES, Policy, adjusted, digest_decides
from pytest_llmtrace._model.trace import CallError, Event, ToolCall, Trace
from pytest_llmtrace._model.usage import Usage
from tests.unit.compare.strategies import changed, traces, with_new_ids
from tests.unit.compare.traces import call, refund, says, tool, trace, user

EXACT = POLICIES["exact"]
ALL = [
    *POLICIES.values(),
    *(adjusted(EXACT, match=match) for match in ("unordered", "subset", "superset")),
    adjusted(EXACT, normalize=["number", "uuid"], text_tolerance=0.5),
]


@given(golden=traces())
def test_a_trace_with_other_ids_is_the_same(golden: Trace) -> None:
    """Whatever happened, a run that did the same has no drift under any policy, and an equal digest."""
    observed = with_new_ids(golden)
    assert behaviour_digest(observed) == behaviour_digest(golden)
    assert [compare(golden, observed, policy) for policy in ALL] == [()] * len(ALL)
    assert compare(golden, observed, adjusted(EXACT, order="strict")) == ()


@given(data=st.data(), golden=traces(labels=False))
def test_digests_differ_where_the_comparison_finds_something(data: st.DataObject, golden: Trace) -> None:
    """Without labels and executions, the digest of a changed trace is equal exactly where nothing differs."""
    observed = data.draw(changed(with_new_ids(golden)))
    golden, observed = without_executions(golden), without_executions(observed)
    drifts = compare(golden, observed, EXACT)
    assert (behaviour_digest(golden) == behaviour_digest(observed)) == (drifts == ())
    assert [one.first for one in drifts] == [at == 0 for at in range(len(drifts))]


@given(golden=traces(labels=False), observed=traces(labels=False))
def test_unrelated_traces_are_compared(golden: Trace, observed: Trace) -> None:
    """Two traces that have nothing to do with each other differ as their digests do, in both directions."""
    golden, observed = without_executions(golden), without_executions(observed)
    same = behaviour_digest(golden) == behaviour_digest(observed)
    assert (compare(golden, observed, EXACT) == ()) == same
    assert (compare(observed, golden, EXACT) == ()) == same


@given(data=st.data(), golden=traces(labels=False), policy=st.sampled_from(list(POLICIES.values())))
def test_differences_mirror(data: st.DataObject, golden: Trace, policy: Policy) -> None:
    """With the sides exchanged the same differs, old and new exchanged: an added call is a missing one."""
    observed = without_executions(data.draw(changed(with_new_ids(golden))))
    golden = without_executions(golden)
    there, back = compare(golden, observed, policy), compare(observed, golden, policy)
    mirrored = {"call_added": "call_missing", "call_missing": "call_added"}
    assert Counter(one.kind for one in there) == Counter(mirrored.get(one.kind, one.kind) for one in back)
    assert Counter(repr((one.golden, one.observed)) for one in there if one.kind != "order") == Counter(
        repr((one.observed, one.golden)) for one in back if one.kind != "order"
    )


@given(data=st.data(), golden=traces(), policy=st.sampled_from(ALL), stopped=st.booleans())
def test_equal_digests_mean_no_drift_under_any_policy(
    data: st.DataObject, golden: Trace, policy: Policy, stopped: bool
) -> None:
    """What a stored digest lets pass, no comparison would have caught."""
    observed = data.draw(changed(golden))
    drifts = compare(golden, observed, policy, stopped=stopped)
    if behaviour_digest(golden) == behaviour_digest(observed):
        assert drifts == ()
    assert sum(one.first for one in drifts) == min(len(drifts), 1)


def test_a_strict_order_needs_more_than_digests() -> None:
    """Conversations in another order have an equal digest, which a policy with a strict order does not accept."""
    one, other = refund(agent="a"), refund(agent="b", question="Where?")
    strict = adjusted(EXACT, order="strict")
    assert behaviour_digest(trace(one, other)) == behaviour_digest(trace(other, one))
    assert [digest_decides(policy) for policy in (*ALL, strict)] == [True] * len(ALL) + [False]
    assert [drift.kind for drift in compare(trace(one, other), trace(other, one), strict)] == ["order"]


def without_executions(original: Trace) -> Trace:
    """The trace without executed tools, which only count where the golden trace has some."""
    return trace([one for one in original.entries if not isinstance(one, ToolCall)])


def test_circumstances_are_not_in_the_digest() -> None:
    """Ids, times, usage, cost, labels, who answered: none of it changes the digest."""
    golden = call(user("a"), out=says("A"), usage=Usage(input_tokens=3), cost=0.1, source="live", streamed=True)
    observed = call(user("a"), out=says("A"), id="9", started=2.0, agent="lead", session="s", source="tape")
    assert behaviour_digest(trace(golden)) == behaviour_digest(trace(observed))


def test_a_missed_call_is_in_the_digest() -> None:
    """A run with a request that replay had no answer for equals no golden trace."""
    golden = refund()
    observed = [*golden[:3], replace(golden[3], status="missed")]
    assert behaviour_digest(trace(golden)) != behaviour_digest(trace(observed))


def test_the_digest_is_stable() -> None:
    """Digests are stored: the same behaviour has the same digest in every process and version of Python."""
    golden = trace(refund(params={"temperature": 0.0}, agent="lead"), Event(name="done", data={"b": 1, "a": [None]}))
    assert behaviour_digest(golden) == "261062b8d81e7c3353102c072068563a"


@pytest.mark.parametrize("size", [20, 40])
def test_the_digest_costs_what_the_turns_add(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """However long the history is, each answer is looked at once, and once what is the same in all calls."""
    from pytest_llmtrace._compare.calls import fingerprints
    from tests.unit.compare.traces import chat

    monkeypatch.setattr(digests, "_HEADS", {})
    monkeypatch.setattr(digests, "_ENDINGS", {})
    counted: list[Any] = []
    for name in ("canonical_json", "digest"):
        real = getattr(fingerprints, name)
        monkeypatch.setattr(fingerprints, name, lambda value, name=name, real=real: counted.append(name) or real(value))
    behaviour_digest(trace(chat(*[([user(f"q{at}")], says(f"a{at}")) for at in range(size)])))
    assert Counter(counted) == {"canonical_json": 2, "digest": size + 1}


REQUESTS: list[dict[str, Any]] = [
    {},
    *({"params": {"n": value}} for value in (1, True, "1", None, [1], {"1": 1}, Usage())),
    {"params": {"n": 1, "m": 1}},
    {"model": "n"},
    {"provider": "n"},
    {"operation": "n"},
    *({"tools": tools} for tools in ((tool("f"),), (tool("f", x="integer"),), (tool("f"), tool("g")))),
]


def test_what_calls_ask_is_told_apart_however_many_were_seen() -> None:
    """What is remembered of one request serves no other: not where only a type or a tool differs."""
    seen, calls = Fingerprints(lens(EXACT)), [call(user("a"), **fields) for fields in REQUESTS]
    heads = [seen.head(one) for one in calls]
    assert heads == [Fingerprints(lens(EXACT)).head(one) for one in calls] == [seen.head(one) for one in calls]
    assert len(set(heads)) == len(calls)


def test_how_calls_end_is_told_apart_whatever_was_seen_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of one ending serves no other, in another test either; and only so much is remembered."""
    monkeypatch.setattr(digests, "_ENDINGS", {})
    made = says("A")
    failed = CallError(type="RateLimitError", message="slow", status=429)
    endings: list[dict[str, Any]] = [
        *({"finish_reason": one} for one in ("stop", "length", "None", None)),
        {"finish_reason": "stop", "status": "abandoned"},
        {"finish_reason": "stop", "status": "error", "error": failed},
        {"finish_reason": "stop", "status": "error", "error": replace(failed, status=500)},
    ]
    found = [[behaviour_digest(trace(call(user("a"), out=made, **one))) for one in endings] for _ in range(2)]
    monkeypatch.setattr(digests, "_MOST", 0)
    found.append([behaviour_digest(trace(call(user("a"), out=made, **one))) for one in endings])
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == len(endings)
    assert len(digests._ENDINGS) <= 1


def test_what_is_asked_again_is_digested_once_and_what_a_test_changed_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of a module offer the same tools; one that changes its own, in place even, has another behaviour."""
    monkeypatch.setattr(digests, "_HEADS", {})
    made: list[object] = []
    real = Fingerprints._head
    monkeypatch.setattr(Fingerprints, "_head", lambda self, one: made.append(one) or real(self, one))

    def asking(**fields: Any) -> Trace:
        return trace([call(user("a"), tools=({"name": "once", "parameters": {"limit": 1}},), **fields)])

    first = asking()
    known = behaviour_digest(first)
    assert (behaviour_digest(asking()), len(made)) == (known, 1)

    parameters = first.calls[0].tools[0]["parameters"]
    others = [behaviour_digest(asking(**fields)) for fields in ({"params": {"n": 1}}, {"params": {"n": True}})]
    for limit in (2, True, "1"):
        parameters["limit"] = limit
        others.append(behaviour_digest(first))
    parameters["limit"] = 1
    assert len({known, *others}) == 6
    assert behaviour_digest(first) == known


def test_how_calls_ended_is_told_apart_however_many_were_seen() -> None:
    """What is remembered of one ending serves no other."""
    errors = [CallError(type="E", message=text, status=500) for text in "ab"]
    endings: list[dict[str, Any]] = [
        *({"finish_reason": reason} for reason in (None, "stop", "length", ["stop"])),
        *({"status": status} for status in ("open", "abandoned")),
        *({"error": error} for error in errors),
    ]
    ended = [trace([replace(call(user("a")), **fields)]) for fields in endings]
    both = [trace([call(user("x")), *one.calls]) for one in ended]
    assert len({behaviour_digest(one) for one in ended}) == len({behaviour_digest(one) for one in both}) == len(endings)


@given(traces())
def test_plain_conversations_are_digested_as_any_other(observed: Trace) -> None:
    """Where no tool is asked for, digests of messages are put together unseen, and come out the same."""
    known = behaviour_digest(observed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "_is_plain", lambda _: False)
        assert behaviour_digest(observed) == known
