"""Comparison of traces without texts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES, adjusted
from pytest_llmtrace._model.privacy import Mask
from pytest_llmtrace._model.trace import Trace
from tests.unit.compare.strategies import changed, traces
from tests.unit.compare.traces import asks, chat, result, says, system, tool, trace, user


@settings(max_examples=40)
@given(st.data())
def test_the_same_traces_drift(data):
    """Under each policy two traces differ without their texts if, and only if, they differ with them."""
    golden = data.draw(traces())
    observed = data.draw(changed(golden))
    mask = Mask()
    for policy in POLICIES.values():
        openly = compare(golden, observed, policy)
        assert bool(compare(mask.trace(golden), mask.trace(observed), policy)) == bool(openly)


def agent(prompt: str = "Be brief.", drug: str = "aspirin", found: str = "none", answer: str = "Take it.") -> Trace:
    """A conversation of two turns with a tool call."""
    calls = chat(
        ([system(prompt), user("May I?")], asks(("check", {"drug": drug})), {"tools": (tool("check", drug="string"),)}),
        ([result(found)], says(answer)),
    )
    return trace(calls)


@pytest.mark.parametrize(
    ("change", "kind", "turn", "path"),
    [
        ({"prompt": "Be long."}, "prompt", 1, "messages[0].content"),
        ({"drug": "lisinopril"}, "tool_call", 1, "output.tool_calls[0].arguments.drug"),
        ({"found": "potassium"}, "tool_result", 2, "messages[3].content"),
        ({"answer": "Better not."}, "output", 2, "output.content"),
    ],
)
def test_drift_has_the_same_place_and_kind(change, kind, turn, path):
    """Turn, kind and path are those of the texts, old and new are their stand-ins, and it is listed once."""
    mask, policy = Mask(), POLICIES["exact"]
    (openly,) = compare(agent(), agent(**change), policy)
    (drift,) = compare(mask.trace(agent()), mask.trace(agent(**change)), policy)
    assert (drift.kind, drift.turn, drift.path) == (openly.kind, openly.turn, openly.path) == (kind, turn, path)
    assert (drift.golden, drift.observed) == (mask.text(openly.golden), mask.text(openly.observed))


def test_a_tolerance_for_words_does_not_reach_into_stand_ins():
    """Two answers of one length have stand-ins that are alike; that says nothing about the answers."""
    policy = adjusted(POLICIES["exact"], text_tolerance=0.9)
    mask = Mask()
    golden, observed = (mask.trace(agent(answer=answer)) for answer in ("Yes, do take it", "No, do not do it"))
    assert [drift.kind for drift in compare(golden, observed, policy)] == ["output"]
