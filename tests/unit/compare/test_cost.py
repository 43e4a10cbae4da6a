"""What the comparison of long conversations costs, counted in steps."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._capture.dialects.walks import Walk
from pytest_llmtrace._compare.calls import history, messages
from pytest_llmtrace._compare.calls.hunks import Hunks
from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES, Policy
from pytest_llmtrace._model import prefixes
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.matching import request_key
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._run.recording.borrowing import trace_of
from pytest_llmtrace._store.golden_file import Golden, dump_golden, load_golden
from pytest_llmtrace._store.tape_file import dump_tape, load_tape
from tests.unit.compare.strategies import changed, traces
from tests.unit.compare.traces import Turn, chat, says, system, trace, user

EXACT = POLICIES["exact"]
TURNS = 120


def long_conversation(*, changed: int | None = None, prompt: str = "s", left_out: int | None = None) -> Trace:
    """A conversation of many turns, each with the whole history."""
    turns: list[Turn] = [([user(f"q{at}{'!' if at == changed else ''}")], says(f"a{at}")) for at in range(TURNS)]
    turns[0] = ([system(prompt), *turns[0][0]], turns[0][1])
    return trace(chat(*(turn for at, turn in enumerate(turns) if at != left_out)))


def on_lines(plain: Trace) -> Trace:
    """The trace as it is read from a tape: its histories go on from each other."""
    walk = Walk[Message]()
    return replace(
        plain,
        entries=tuple(
            replace(one, messages=walk.of(one.messages, lambda said: [said])) if isinstance(one, LLMCall) else one
            for one in plain.entries
        ),
    )


@settings(max_examples=20)
@given(data=st.data(), golden=traces(), policy=st.sampled_from([*POLICIES.values()]))
def test_what_histories_know_of_each_other_changes_no_finding(
    data: st.DataObject, golden: Trace, policy: Policy
) -> None:
    """Histories that go on from each other are compared without a look, with the outcome that looking has."""
    observed = data.draw(changed(golden))
    drifts = compare(golden, observed, policy)
    assert compare(on_lines(golden), on_lines(observed), policy) == drifts
    assert compare(golden, on_lines(observed), policy) == drifts


def test_what_the_files_hold_is_compared_without_looking_at_histories_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls of a tape and of a golden trace know how they go on: no two long ones are held side by side."""
    said = [{"role": "user" if at % 2 == 0 else "assistant", "content": f"m{at}"} for at in range(40)]
    tape = load_tape(dump_tape([asked(said[:at]) for at in range(1, 40, 2)], {}), Path("a.tape.json"))
    observed = trace_of(tape.interactions, "t")
    golden = load_golden(dump_golden(Golden(test="t", trace=observed, totals=Totals())), Path("a.trace.yaml")).trace
    assert [call.messages for call in golden.calls] == [call.messages for call in observed.calls]
    looks: list[object] = []
    monkeypatch.setattr(prefixes, "is_", lambda *both: looks.append(both) or both[0] is both[1])
    monkeypatch.setattr(prefixes, "is_not", lambda *both: looks.append(both) or both[0] is not both[1])
    assert compare(golden, observed, EXACT) == ()
    assert len(looks) <= 10  # the first two, which no history of a line begins
    compare(golden, trace_without_lines(observed), EXACT)
    assert len(looks) >= 20 * 15  # what it costs where nothing is known


def asked(said: list[dict[str, str]]) -> Interaction:
    """A request with this history, and an answer that is the next message of the conversation."""
    body = {"model": "gpt-4o-mini", "messages": said}
    answer = {"choices": [{"message": {"role": "assistant", "content": f"m{len(said)}"}, "finish_reason": "stop"}]}
    request = HttpRequest(
        method="POST", url="https://api.openai.com/v1/chat/completions", body=json.dumps(body).encode()
    )
    return Interaction(
        request=request, response=HttpResponse(status=200, body=json.dumps(answer).encode()), key=request_key(request)
    )


def trace_without_lines(known: Trace) -> Trace:
    """The trace with plain tuples for histories."""
    return replace(known, entries=tuple(replace(call, messages=tuple(call.messages)) for call in known.calls))


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


def test_conversations_that_differ_in_everything_are_compared_turn_by_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing equal follows for many turns, each looks at what it added, with the same outcome."""
    seen: list[int] = []
    real = Hunks.changes

    def counted(self: Hunks, *sides: Any) -> Any:
        seen.append(len(sides[2]))
        return real(self, *sides)

    few = 30
    golden = trace(long_conversation().entries[:few])
    texts = {"s": "another prompt"} | {f"{who}{at}": f"{who} {at}" for who in "qa" for at in range(few)}
    observed = said_otherwise(golden, texts)
    monkeypatch.setattr(Hunks, "changes", counted)
    found = compare(golden, observed, EXACT)
    assert sum(seen) == 2 * few
    monkeypatch.setattr(history.Histories, "_goes_on", lambda *_: False)
    assert compare(golden, observed, EXACT) == found
    assert sum(seen) > few * few
    # A message that both have again, far behind, makes one stretch of all that lies before it.
    texts[f"q{few - 2}"] = f"q{few - 2}"
    again = compare(golden, said_otherwise(golden, texts), EXACT)
    monkeypatch.undo()
    assert compare(golden, said_otherwise(golden, texts), EXACT) == again


def said_otherwise(golden: Trace, texts: dict[str, str]) -> Trace:
    """The trace with other texts."""

    def other(one: Message) -> Message:
        return Message({**one, "content": texts[one.text]})

    calls = [
        replace(call, messages=tuple(map(other, call.messages)), output=call.output and other(call.output))
        for call in golden.calls
    ]
    return replace(golden, entries=tuple(calls))
