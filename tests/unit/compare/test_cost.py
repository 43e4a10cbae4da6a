"""What the comparison of long conversations costs, counted in steps."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_llmtrace._compare.calls import history, messages
from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES
from pytest_llmtrace._model.trace import Trace
from tests.unit.compare.traces import Turn, chat, says, system, trace, user

EXACT = POLICIES["exact"]
TURNS = 120


def long_conversation(*, changed: int | None = None, prompt: str = "s", left_out: int | None = None) -> Trace:
    """A conversation of many turns, each with the whole history."""
    turns: list[Turn] = [([user(f"q{at}{'!' if at == changed else ''}")], says(f"a{at}")) for at in range(TURNS)]
    turns[0] = ([system(prompt), *turns[0][0]], turns[0][1])
    return trace(chat(*(turn for at, turn in enumerate(turns) if at != left_out)))


@pytest.mark.parametrize("changed", [0, TURNS // 2, TURNS - 1])
def test_histories_are_aligned_only_where_they_grew(monkeypatch: pytest.MonkeyPatch, changed: int) -> None:
    """With a changed prompt and another change anywhere, each turn looks at what it added, not at all before it."""
    seen: list[int] = []
    real = history.align

    def counted(left: Sequence[Any], right: Sequence[Any]) -> list[tuple[int, int]]:
        seen.append(len(left) + len(right))
        return real(left, right)

    monkeypatch.setattr(history, "align", counted)
    drifts = compare(long_conversation(), long_conversation(prompt="x", changed=changed), EXACT)
    assert [(one.kind, one.turn, one.folded) for one in drifts] == [
        ("prompt", 1, TURNS - 1),
        ("user", changed + 1, TURNS - 1 - changed),
    ]
    assert sum(seen) <= 10 * TURNS


def test_each_pair_of_messages_is_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that shows in a hundred histories is taken apart once."""
    seen: list[str] = []
    real = messages.value_changes
    monkeypatch.setattr(
        messages,
        "value_changes",
        lambda kind, name, *values, **more: seen.append(name) or real(kind, name, *values, **more),
    )
    (drift,) = compare(long_conversation(), long_conversation(prompt="x"), EXACT)
    assert (drift.kind, seen) == ("prompt", ["content"])


def test_a_call_left_out_costs_one_drift() -> None:
    """A hundred histories that lack its messages are one difference."""
    (drift,) = compare(long_conversation(), long_conversation(left_out=10), EXACT)
    assert (drift.kind, drift.turn, drift.folded) == ("call_missing", 11, TURNS - 11)


def test_deepdiff_is_imported_only_where_values_differ() -> None:
    """Comparing equal traces, or texts, does not pay for the import."""
    program = """
import sys
from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES
from tests.unit.compare.traces import refund, trace
assert compare(trace(refund()), trace(refund(prompt="other")), POLICIES["exact"])
assert "deepdiff" not in sys.modules
assert compare(trace(refund()), trace(refund(amount=1)), POLICIES["exact"])
assert "deepdiff" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[3], check=True)
