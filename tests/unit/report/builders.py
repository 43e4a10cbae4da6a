"""Small traces and verdicts for the tests of the reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.findings import Finding
from pytest_llmtrace._model.messages import Message, message
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace._model.verdict import Mode, Verdict
from pytest_llmtrace._report.document.payload import owner_payload

TEST = "tests/test_refund.py::test_refund"
GOLDEN = "tests/cassettes/test_refund/test_refund.trace.yaml"
ACCEPT = f'pytest --llm-record "{TEST}"'


def said(role: str, content: Any = None, **fields: Any) -> Message:
    """A message."""
    return message({"role": role, "content": content, **fields})


def asked_for(name: str, arguments: str, call_id: str = "call_1") -> Message:
    """An assistant message that asks for one tool call."""
    function = {"name": name, "arguments": arguments}
    return said("assistant", tool_calls=[{"id": call_id, "type": "function", "function": function}])


def call(messages: Iterable[Message] = (), output: Message | None = None, **fields: Any) -> LLMCall:
    """A call that was answered from a tape: 100 tokens in, 10 out, a hundredth of a cent."""
    known: dict[str, Any] = {
        "provider": "openai",
        "model": "gpt-4o-mini",
        "messages": tuple(messages),
        "output": output,
        "usage": Usage(input_tokens=100, output_tokens=10),
        "cost": 0.0001,
        "source": "tape",
    }
    return LLMCall(**(known | fields))


def missed(one: LLMCall) -> LLMCall:
    """The call as it is when replay has no answer for it."""
    return replace(one, output=None, status="missed", usage=None, cost=None)


def chat(turns: int, *, system: str = "You are a refund agent.", agent: str | None = "lead") -> list[LLMCall]:
    """A conversation of so many turns: each answers `Answer N`, and the user goes on with `Next N`."""
    history = [said("system", system), said("user", "Refund order 123")]
    calls = []
    for number in range(1, turns + 1):
        answer = said("assistant", f"Answer {number}")
        calls.append(call(history, answer, agent=agent, session=agent))
        history = [*history, answer, said("user", f"Next {number}")]
    return calls


def verdict(
    *findings: Finding,
    golden: Sequence[LLMCall] | None = None,
    observed: Sequence[LLMCall] = (),
    mode: Mode = "trace",
    **fields: Any,
) -> Verdict:
    """A verdict about `TEST` with both traces, given as calls."""
    known: dict[str, Any] = {
        "owner": TEST,
        "mode": mode,
        "findings": findings,
        "golden": None if golden is None else conversations(golden),
        "observed": conversations(observed),
        "golden_totals": None if golden is None else totals(golden),
        "observed_totals": totals(observed),
    }
    if golden is not None:
        known |= {"golden_file": GOLDEN, "accept": ACCEPT, "accept_calls": len(golden), "accept_usd": 0.0004}
    return Verdict(**(known | fields))


def payload(
    nodeid: str,
    calls: Sequence[LLMCall] = (),
    *findings: Finding,
    mode: Mode = "trace",
    recorded: dict[str, Any] | None = None,
    golden: Sequence[LLMCall] | None = None,
    with_entries: bool = False,
    not_understood: tuple[str, ...] = (),
    **fields: Any,
) -> dict[str, Any]:
    """The payload of an owner that made these calls."""
    return owner_payload(
        Verdict(
            owner=nodeid,
            mode=mode,
            findings=findings,
            golden_totals=None if golden is None else totals(golden),
            not_understood=not_understood,
        ),
        Trace(owner=nodeid, entries=tuple(calls)),
        cassette={"golden": "g.trace.yaml", "tape": "g.tape.json", "used": ["g.tape.json", "g.trace.yaml"]},
        recorded=recorded or {},
        with_entries=with_entries,
        **fields,
    )
