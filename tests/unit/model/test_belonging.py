"""Which call executions and events belong to."""

from pytest_llmtrace._model.belonging import entries_of_calls
from pytest_llmtrace._model.trace import Event, LLMCall, ToolCall
from tests.unit.report.builders import asked_for, call


def names(entries):
    """Their names, in order."""
    return [entry.name for entry in entries]


def test_an_execution_belongs_to_the_call_that_asked_for_it_and_the_rest_to_its_own_agent():
    """By call id, else by session and agent, else to the latest call; before the first call there is none."""
    lead = call((), asked_for("refund", "{}"), agent="lead")
    writer = call((), None, agent="writer")
    entries = [
        Event(name="start"),
        lead,
        writer,
        ToolCall(name="refund", call_id="call_1", executed=True),
        ToolCall(name="lookup", call_id="call_9", executed=True, agent="lead"),
        Event(name="note", agent="writer"),
        Event(name="nobody"),
    ]
    before, after = entries_of_calls(entries)
    assert names(before) == ["start"]
    assert {key: names(found) for key, found in after.items()} == {
        id(lead): ["refund", "lookup"],
        id(writer): ["note", "nobody"],
    }


def test_of_calls_that_asked_with_the_same_id_the_last_one_before_counts():
    """Ids that a provider gives twice join an execution with the request that came right before it."""
    first, second = (LLMCall(output=asked_for("refund", "{}")) for _ in range(2))
    one, other = (ToolCall(name=name, call_id="call_1", executed=True) for name in ("one", "other"))
    assert entries_of_calls([first, one, second, other]) == ((), {id(first): [one], id(second): [other]})
