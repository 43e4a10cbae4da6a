"""Trajectory: tool calls, last answer and totals of a trace."""

from dataclasses import replace

from pytest_llmtrace._model.messages import message
from pytest_llmtrace._model.trace import CallError, LLMCall, ToolCall, Trace
from pytest_llmtrace._model.trajectory import last_text, tool_calls, totals
from pytest_llmtrace._model.usage import Usage


def asks(*calls, **fields):
    tools = [{"id": i, "type": "function", "function": {"name": n, "arguments": a}} for i, n, a in calls]
    return LLMCall(output=message({"role": "assistant", "tool_calls": tools}), **fields)


def test_entries_are_short_to_read():
    """What a failing assertion shows of an entry is what there is to say of it, without times and defaults."""
    tool = ToolCall(id="3", started=0.5, duration=0.1, agent="lead", name="refund", arguments={"order": "7"})
    call = LLMCall(provider="openai", model="m", error=CallError(type="timeout", message="late"), status="error")

    assert repr(tool) == "ToolCall(name='refund', arguments={'order': '7'}, agent='lead')"
    assert repr(call) == (
        "LLMCall(provider='openai', model='m', error=CallError(type='timeout', message='late', status=None), "
        "status='error')"
    )


def test_a_requested_tool_gets_the_result_that_was_reported_back():
    """Without observed executions the result is what the next request tells the model."""
    first = asks(("c1", "add", '{"a": 1}'))
    second = LLMCall(
        messages=(message({"role": "tool", "tool_call_id": "c1", "content": "3"}),),
        output=message({"role": "assistant", "content": "3!"}),
    )
    trace = Trace(owner="t", entries=(first, second))
    (found,) = tool_calls(trace)
    assert (found.name, found.arguments, found.result, found.executed) == ("add", {"a": 1}, "3", False)
    assert last_text(trace) == "3!"


def test_results_without_call_ids_are_found_by_name_and_order():
    """Gemini and Ollama give no ids: the history that goes on from a request tells the results."""
    ask = message({"role": "user", "content": "Which is warmer?"})
    calls = [{"type": "function", "function": {"name": "temperature", "arguments": f'{{"city": "{c}"}}'}} for c in "ab"]
    asked = message({"role": "assistant", "tool_calls": calls})
    first = LLMCall(messages=(ask,), output=asked)
    other = LLMCall(messages=(message({"role": "user", "content": "?"}), asked, report("temperature", "0")))
    second = LLMCall(messages=(ask, asked, report("temperature", "10"), report(None, "20")))
    found = tool_calls(Trace(owner="t", entries=(first, other, second)))
    assert [(tool.arguments, tool.result) for tool in found] == [({"city": "a"}, "10"), ({"city": "b"}, "20")]


def report(name, content):
    return message({"role": "tool", "name": name, "content": content})


def test_request_and_execution_are_one_tool_call():
    """A tool that was requested and then seen to run is listed once, with its own result."""
    entries = (asks(("c1", "add", '{"a": 1}')), ToolCall(name="add", arguments={"a": 1}, result=3, executed=True))
    (found,) = tool_calls(Trace(owner="t", entries=entries))
    assert (found.name, found.result, found.executed) == ("add", 3, True)


def test_a_tool_that_no_model_asked_for_is_listed_too():
    """An execution of the application's own stands where it happened."""
    entries = (ToolCall(name="search", arguments={}, executed=True), asks(("c1", "add", "{}")))
    assert [tool.name for tool in tool_calls(Trace(owner="t", entries=entries))] == ["search", "add"]


def test_arguments_that_are_no_json_stay_text():
    """A model's broken arguments are shown as they are; none at all are an empty object."""
    found = tool_calls(Trace(owner="t", entries=(asks(("1", "f", "{oops"), ("2", "g", "")),)))
    assert [tool.arguments for tool in found] == ["{oops", {}]


def test_totals_know_what_they_do_not_know():
    """One call without a price makes the cost of the whole unknown, and the known part is kept."""
    usage = Usage(input_tokens=10, output_tokens=5)
    made = totals([LLMCall(usage=usage, cost=0.5, source="live"), LLMCall(usage=usage), LLMCall(cache_hit=True)])
    assert (made.calls, made.priced_usd, made.cost_usd, made.unpriced_calls) == (3, 0.5, None, 1)
    assert (made.live_calls, made.live_usd, made.usage.total_tokens) == (1, 0.5, 30)


def test_failed_calls_without_usage_cost_nothing():
    """A refused call is free; a missed one was never made."""
    failed = LLMCall(status="error", error=CallError(type="x", message="y", status=500))
    made = totals([failed, LLMCall(status="missed")])
    assert (made.calls, made.cost_usd) == (1, 0.0)


def test_totals_are_those_of_these_calls():
    """What was added up a moment ago serves the same calls alone, and none that has another price or source."""
    call = LLMCall(usage=Usage(input_tokens=10), cost=0.5, source="tape")
    known = totals([call])
    assert totals(one for one in [call]) is known
    assert totals([call, call]).calls == 2
    assert totals([replace(call, cost=None)]).unpriced_calls == 1
    assert totals([replace(call, source="live")]).live_usd == 0.5
    assert totals([call]) == known
