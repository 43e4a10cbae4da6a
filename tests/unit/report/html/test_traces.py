"""Traces as the page reads them: linear, whole, and paired with what was recorded."""

from __future__ import annotations

import json
from dataclasses import replace

from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.trace import Event, LLMCall, ToolCall
from pytest_llmtrace._report.html.blocks import Values
from pytest_llmtrace._report.html.traces import history_steps, packed_by_key, trace_data
from tests.browser.scenes import mixture, scene_payload
from tests.unit.report.builders import TEST, chat, missed, payload, said


def read(values):
    """All values, as the page reads them."""
    return [value for _, page in values.pages() for value in json.loads(page.json)]


def history(conversation, number, values):
    """What the page makes of the steps of a turn: the texts of all messages that it sent."""
    sent, known = [], []
    for turn in conversation["turns"][:number]:
        sent = [
            one
            for step in turn["history"]
            for one in (known[step[0] : step[0] + step[1]] if isinstance(step, list) else [step])
        ]
        known = [*sent, turn["output"]]
    return [values[one]["content"] for one in sent]


def test_steps_repeat_runs_and_name_what_is_new():
    """A run of the history before is two numbers however long it is; a message from elsewhere is its own number."""
    assert history_steps([], [5, 6]) == [5, 6]
    assert history_steps([5, 6, 7], [5, 6, 7, 8]) == [[0, 3], 8]
    assert history_steps([5, 6, 7, 8], [9, 7, 8, 1]) == [9, [2, 2], 1]
    assert history_steps([5, 5, 5], [5, 5, 5, 5]) == [[0, 3], [0, 1]]


def test_a_long_history_costs_what_was_said():
    """Four times the turns make four times the data, not sixteen times, and every history can be had again."""
    sizes = {}
    for turns in (50, 200):
        values = Values()
        (packed,) = packed_by_key([payload(TEST, chat(turns), with_entries=True)])[TEST, ""]
        data = trace_data(packed, values)
        sizes[turns] = len(json.dumps(data)) + sum(len(page.json) for _, page in values.pages())

    assert sizes[200] < 4.5 * sizes[50]
    (conversation,) = data["conversations"]
    assert history(conversation, 200, read(values)) == [one["content"] for one in chat(200)[-1].messages]
    assert [read(values)[one]["content"] for one in conversation["turns"][149]["brought"]] == ["Next 149"]


def test_a_rewritten_context_is_told_from_what_was_added():
    """A turn that follows a summary shows the summary and the new message as brought, and says what was dropped."""
    calls = chat(6)
    summary = said("user", "Summary of all before.")
    messages = (calls[5].messages[0], summary, *calls[5].messages[-2:])
    values = Values()
    (packed,) = packed_by_key([payload(TEST, [*calls[:5], replace(calls[5], messages=messages)], with_entries=True)])[
        TEST, ""
    ]

    last = trace_data(packed, values)["conversations"][0]["turns"][-1]

    assert last["rewritten"] == {"kind": "summarised", "dropped": 9}
    assert [read(values)[one]["content"] for one in last["brought"]] == ["Summary of all before.", "Next 5"]


def test_the_golden_side_comes_along():
    """Recorded conversations are paired with those that were made; what both say is one value."""
    values = Values()
    made = scene_payload(TEST, [missed(chat(1)[0])], golden=chat(3))
    data = trace_data(made["entries"], values)

    assert data["sides"] == [
        {"label": "lead", "labels": ["lead"], "golden": 0, "observed": 0, "pairs": [1, None, None]}
    ]
    assert data["stopped"] is True
    (golden,) = data["golden"]["conversations"]
    assert history(golden, 3, read(values)) == [one["content"] for one in chat(3)[-1].messages]
    assert golden["turns"][0]["brought"] == data["conversations"][0]["turns"][0]["brought"]


def test_tools_and_events_keep_their_places():
    """Entries that are no calls stay between them; what they hold is a value, and empty fields are left out."""
    values = Values()
    entries = [
        chat(1)[0],
        ToolCall(name="refund", arguments={"id": 1}, executed=True),
        Event(name="note", data={"x": [1]}),
    ]
    data = trace_data(payload(TEST, entries, with_entries=True)["entries"], values)

    assert [entry["type"] for entry in data["entries"]] == ["llm_call", "tool_call", "event"]
    assert data["conversations"][0]["turns"][0]["then"] == [1, 2]
    assert data["before"] == []
    tool, event = data["entries"][1:]
    assert read(values)[tool["arguments"]] == {"id": 1}
    assert read(values)[event["data"]] == {"x": [1]}
    assert "result" not in tool


def test_turns_are_paired_around_calls_that_came_or_went():
    """Golden turn 2 is missing and an observed turn was added at the end: the rest is paired in order."""
    golden = chat(4)
    found = [
        Drift(kind="call_missing", conversation="lead", turn=2, path=""),
        Drift(kind="call_added", conversation="lead", turn=4, path="", observed={"user": "Next 4"}),
    ]
    made = scene_payload(TEST, [golden[0], *chat(5)[2:]], golden=golden, findings=found)

    ((side,), turns) = made["entries"]["sides"], made["entries"]["conversations"][0]["turns"]

    assert (side["pairs"], len(turns)) == ([1, None, 2, 3], 4)


def test_golden_calls_keep_the_order_in_which_they_were_made():
    """A fan-out that was recorded and not reached is one still: its aggregator comes after its members."""
    golden = [entry for entry in mixture() if isinstance(entry, LLMCall)]
    made = scene_payload(TEST, [missed(golden[0])], golden=golden)

    entries = trace_data(made["entries"], Values())["golden"]["entries"]

    assert [(entry["agent"], entry.get("fanout"), entry.get("aggregates")) for entry in entries] == [
        ("lead", None, None),
        ("analyst", 1, None),
        ("critic", 1, None),
        ("optimist", 1, None),
        ("lead", None, 1),
    ]


def test_runs_that_count():
    """Of several attempts the last is shown; runs that were repeated on purpose, and the teardown, stand beside it."""
    first, again = (payload(TEST, chat(turns), with_entries=True) for turns in (1, 2))
    teardown = payload(TEST, chat(3), with_entries=True, phase="teardown")

    packed = packed_by_key(
        [first, again, teardown, payload("t::empty", with_entries=True), payload("t::none", chat(1))]
    )

    assert {key: [len(one["entries"]) for one in found] for key, found in packed.items()} == {(TEST, ""): [2, 3]}
