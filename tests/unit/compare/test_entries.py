"""Executed tools and events."""

from __future__ import annotations

from typing import Any

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES, adjusted
from pytest_llmtrace._model.trace import Event, ToolCall, Trace
from tests.unit.compare.traces import call, refund, says, trace, user

EXACT = POLICIES["exact"]
DELIVERED = {"status": "delivered", "total": 20}
LOST = {"status": "lost", "total": 20}


def looked_up(result: Any, **fields: Any) -> ToolCall:
    """An execution of the tool that the refund conversation asks for."""
    return ToolCall(
        **{"name": "lookup_order", "arguments": {"order_id": "123"}, "result": result, "executed": True, **fields}
    )


def found(golden: Trace, observed: Trace, **options: Any) -> list[tuple[str, int, str, Any, Any]]:
    """Kind, turn, path, golden and observed value of each drift."""
    drifts = compare(golden, observed, EXACT, **options)
    return [(one.kind, one.turn, one.path, one.golden, one.observed) for one in drifts]


def test_a_result_that_is_reported_to_the_model_is_one_drift() -> None:
    """An execution and the message with its result change together; the execution is where it shows again."""
    golden, changed = refund(), refund(status=LOST)
    (drift,) = compare(
        trace(golden[0], looked_up(DELIVERED), golden[1:]), trace(changed[0], looked_up(LOST), changed[1:]), EXACT
    )
    assert (drift.kind, drift.turn, drift.path) == ("tool_result", 2, "messages[3].content.status")
    assert drift.folded_at == ("main turn 3", "main turn 4", "main turn 1")


def test_a_result_that_the_model_never_saw() -> None:
    """A result that changed and was not reported is found at the execution, at the turn that asked for it."""
    calls = refund()
    golden = trace(calls[0], looked_up(DELIVERED), calls[1:])
    assert found(golden, trace(calls[0], looked_up(LOST), calls[1:])) == [
        ("tool_result", 1, "tool.lookup_order.result.status", "delivered", "lost")
    ]


def test_a_tool_that_fails() -> None:
    """An error where there was a result is an error, whatever the result was."""
    calls = refund()
    golden = trace(calls[0], looked_up(DELIVERED), calls[1:])
    assert found(golden, trace(calls[0], looked_up(None, error="OSError: disk full"), calls[1:])) == [
        ("error", 1, "tool.lookup_order.error", None, "OSError: disk full")
    ]


def test_an_error_is_not_told_by_a_difference_that_matters_less() -> None:
    """Where results are ignored or warned of, that a tool fails does not follow from the result that says so."""
    golden, observed = refund(), refund(status="OSError")
    here = trace(golden[0], looked_up(DELIVERED), golden[1:])
    there = trace(observed[0], looked_up(None, error="OSError"), observed[1:])
    for severity in ("ignore", "warn"):
        drifts = compare(here, there, adjusted(EXACT, severities={"tool_result": severity}))
        assert [one.kind for one in drifts if one.severity == "fail"] == ["error"]


def test_an_execution_with_other_arguments() -> None:
    """A tool that was executed with something else than the model asked for is a tool call that changed."""
    calls = refund()
    golden = trace(calls[0], looked_up(DELIVERED), calls[1:])
    assert found(golden, trace(calls[0], looked_up(DELIVERED, arguments={"order_id": 123}), calls[1:])) == [
        ("tool_call", 1, "tool.lookup_order.arguments.order_id", "123", 123)
    ]


def test_executions_follow_from_the_calls_that_ask_for_them() -> None:
    """An execution that changed, or is gone, because the model asked for something else is no drift of its own."""
    golden, changed = refund(), refund(order="124")
    before = trace(golden[0], looked_up(DELIVERED), golden[1:])
    for executed in ([looked_up(DELIVERED, arguments={"order_id": "124"})], []):
        assert [one[:3] for one in found(before, trace(changed[0], executed, changed[1:]))] == [
            ("tool_call", 1, "output.tool_calls[0].arguments.order_id")
        ]
    assert [one[:3] for one in found(before, trace(golden[:0]))] == [("call_missing", 1, "call")]


def test_an_execution_that_is_gone() -> None:
    """A tool that was asked for and not executed is a tool call that is missing; one too many is added."""
    calls = refund()
    once, twice = trace(calls[0], looked_up(1), calls[1:]), trace(calls[0], looked_up(1), looked_up(1), calls[1:])
    one = {"name": "lookup_order", "arguments": {"order_id": "123"}}
    assert found(once, trace(calls)) == [("tool_call", 1, "tool.lookup_order", one, None)]
    assert found(once, twice) == [("tool_call", 1, "tool.lookup_order", None, one)]


def test_executions_that_were_not_observed_before_are_no_drift() -> None:
    """A test that is observed more closely than its golden trace does what it did."""
    calls = refund()
    assert found(trace(calls), trace(calls[0], looked_up(DELIVERED), calls[1:])) == []


def test_fields_of_a_result_that_the_model_never_saw_are_one_drift_each() -> None:
    """No field follows from another one, and of equal calls each has a result of its own."""
    calls = refund()
    golden = trace(calls, looked_up(DELIVERED), looked_up("a"))
    observed = trace(calls, looked_up({"status": "sent", "total": 30}), looked_up("b"))
    assert [one[2:] for one in found(golden, observed)] == [
        ("tool.lookup_order.result.status", "delivered", "sent"),
        ("tool.lookup_order.result.total", 20, 30),
        ("tool.lookup_order.result", "a", "b"),
    ]


def test_the_order_of_executions_is_free() -> None:
    """Tools that run in parallel finish in any order."""
    made = [looked_up(1), looked_up(2), looked_up(3, name="refund")]
    assert found(trace(refund()[:1], made), trace(refund()[:1], made[::-1])) == []


def test_a_stopped_run_did_not_reach_the_rest() -> None:
    """Executions and events that a stopped run lacks were not reached."""
    calls = refund()
    golden = trace(calls[0], looked_up(DELIVERED), calls[1:], Event(name="done"))
    assert found(golden, trace(calls[0]), stopped=True) == []


def test_events_differ_by_their_data() -> None:
    """An event that changed, is gone or is new is told by its name."""
    turn = call(user("a"), out=says("A"))
    golden = trace(turn, Event(name="compaction", data={"replaced": 3}), Event(name="done"))
    observed = trace(turn, Event(name="compaction", data={"replaced": 4}), Event(name="restart", data="now"))
    assert found(golden, observed) == [
        ("event", 1, "event.compaction.data.replaced", 3, 4),
        ("event", 1, "event.done", "done", None),
        ("event", 1, "event.restart", None, "now"),
    ]


def test_events_before_and_beside_any_call_have_a_place() -> None:
    """An event is shown at the last turn of its own agent, else of any; before the first, at the first."""
    first, second = call(user("a"), out=says("A"), agent="a"), call(user("b"), out=says("B"), agent="b")
    golden = trace(first, second)
    observed = trace(Event(name="start"), first, second, Event(name="of a", agent="a"), Event(name="of none"))
    drifts = compare(golden, observed, EXACT)
    assert [(one.conversation, one.turn, one.path) for one in drifts] == [
        ("a", 1, "event.start"),
        ("a", 1, 'event["of a"]'),
        ("b", 1, 'event["of none"]'),
    ]
    alone = compare(trace(), trace(Event(name="start", agent="lead"), Event(name="stop")), EXACT)
    assert [(one.conversation, one.path) for one in alone] == [("lead", "event.start"), ("main", "event.stop")]


def test_normalisation_reaches_entries() -> None:
    """Rules hold for results and event data too."""
    golden = trace(refund(), Event(name="run", data={"id": "123e4567-e89b-42d3-a456-426614174000"}))
    observed = trace(refund(), Event(name="run", data={"id": "00000000-e89b-42d3-a456-426614174000"}))
    assert compare(golden, observed, adjusted(EXACT, normalize=["uuid"])) == ()
