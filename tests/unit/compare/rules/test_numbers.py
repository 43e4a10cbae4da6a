"""Numbers that may differ a little."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import adjusted, named_policy
from pytest_llmtrace._compare.rules.numbers import number_tolerance
from pytest_llmtrace.errors import SettingsError
from tests.unit.compare.traces import asks, call, chat, refund, result, says, trace, user

EXACT = named_policy("exact")


@pytest.mark.parametrize(
    ("written", "golden", "observed", "near"),
    [
        ("number:0.01", 0.1 + 0.2, 0.3, True),
        ("number:0.1", 0.3, 0.2, True),
        ("number:0.01", 1.0, 1.02, False),
        ("number:0.01", 1000, 1001, False),
        ("number:1%", 1000, 1001, True),
        ("number:1%", 0, 0.001, False),
        ("number:1%", -5, 5, False),
        ("number:0.01", "score 0.301 of 1", "score 0.3 of 1", True),
        ("number:0.01", "score 0.301 of 1", "score 0.3 of one", False),
        ("number:0.01", "score 0.301", "score 0.301 1", False),
        ("number:1", "v2x", "v3x", False),
        ("number:1e-6", "1e-9", "0.0", True),
        ("number:1", {"a": [1, 2.5]}, {"a": [2, 2]}, True),
        ("number:1", {"a": [1]}, {"b": [1]}, False),
        ("number:1", [1, 2], [1], False),
        ("number:1", True, 2, False),
        ("number:1", None, 1, False),
        ("number:1", True, False, False),
    ],
)
def test_numbers_are_near_or_not(written: str, golden: Any, observed: Any, near: bool) -> None:
    """An amount is absolute, a percentage relative to the larger number; all else must be equal."""
    tolerance = number_tolerance(written)
    assert tolerance.near(golden, observed) is near
    assert tolerance.near(observed, golden) is near


@pytest.mark.parametrize("written", ["number:", "number:x", "number:-1", "number:0", "number:nan", "number:inf%"])
def test_a_tolerance_that_is_none_is_an_error(written: str) -> None:
    """It says how a tolerance is written."""
    with pytest.raises(SettingsError, match=re.escape(f"normalize = {written!r}: not a tolerance; write number:0.01")):
        adjusted(EXACT, normalize=[written])


def test_float_noise_is_no_drift() -> None:
    """In parameters, tool arguments, results and answers."""
    golden = refund(params={"temperature": 0.1 + 0.2}, amount=20.001, status={"total": 19.999}, answer="It is 20.0.")
    observed = refund(params={"temperature": 0.3}, amount=20, status={"total": 20}, answer="It is 20.001.")
    assert compare(trace(golden), trace(observed), EXACT) != ()
    assert compare(trace(golden), trace(observed), adjusted(EXACT, normalize=["number:0.01"])) == ()


def test_a_number_in_the_name_of_a_model_is_no_number() -> None:
    """A tolerance never takes one model for another."""
    policy = adjusted(EXACT, normalize=["number:5"])
    sides = [trace(call(user("a"), out=says("b"), model=f"model {number}")) for number in (3, 4)]
    assert [drift.kind for drift in compare(*sides, policy)] == ["model"]


def test_which_call_a_result_answers_is_no_number() -> None:
    """A tolerance never takes the result of one call for that of another."""
    asked = asks(("f", {"n": 1}), ("f", {"n": 1}))
    golden, observed = (chat(([user("a")], asked), ([result("1"), result("1", of=of)], says("done"))) for of in (1, 0))
    policy = adjusted(EXACT, normalize=["number:5"])
    assert [one.path for one in compare(trace(golden), trace(observed), policy)] == ["messages[3].tool_call_id"]
