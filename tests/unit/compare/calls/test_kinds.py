"""What each difference is called, where it is, and what its values are."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.messages import message
from pytest_llmtrace._model.trace import CallError, LLMCall, Trace
from pytest_llmtrace._model.usage import Usage
from tests.unit.compare.traces import asks, call, chat, refund, refund_turns, result, says, system, tool, trace, user

EXACT = POLICIES["exact"]
Found = tuple[str, int, str, Any, Any]
"""Kind, turn, path, golden and observed value."""


def found(golden: Trace, observed: Trace) -> list[Found]:
    """The differences under `exact`, without where they show again."""
    return [
        (drift.kind, drift.turn, drift.path, drift.golden, drift.observed) for drift in compare(golden, observed, EXACT)
    ]


def test_a_trace_does_not_differ_from_itself() -> None:
    """The same behaviour with other tool-call ids is no drift."""
    assert found(trace(refund()), trace(refund())) == []


def test_circumstances_are_no_difference() -> None:
    """Times, ids, usage, cost, who answered and how often: none of it is behaviour."""
    golden = call(user("a"), out=says("A"), cost=1.0, usage=Usage(input_tokens=5), source="live", response_model="x-1")
    observed = call(
        user("a"), out=says("A"), id="7", started=3.0, duration=2.0, source="tape", streamed=True, response_model="x-2"
    )
    assert found(trace(golden), trace(observed)) == []


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (
            {"prompt": "You are a rude agent."},
            ("prompt", 1, "messages[0].content", "You are a refund agent.", "You are a rude agent."),
        ),
        ({"question": "Refund!"}, ("user", 1, "messages[1].content", "Refund order 123", "Refund!")),
        ({"order": "124"}, ("tool_call", 1, "output.tool_calls[0].arguments.order_id", "123", "124")),
        (
            {"status": {"status": "lost", "total": 20}},
            ("tool_result", 2, "messages[3].content.status", "delivered", "lost"),
        ),
        ({"status": "lost"}, ("tool_result", 2, "messages[3].content", '{"status": "delivered", "total": 20}', "lost")),
        ({"amount": 30}, ("tool_call", 2, "output.tool_calls[0].arguments.amount", 20, 30)),
        ({"answer": "Done."}, ("output", 3, "output.content", "Your refund is on its way.", "Done.")),
        ({"thanks": "Thx"}, ("user", 4, "messages[7].content", "Thanks!", "Thx")),
        ({"farewell": "Bye"}, ("output", 4, "output.content", "You are welcome.", "Bye")),
        ({"model": "gpt-5"}, ("model", 1, "model", "gpt-4o-mini", "gpt-5")),
        ({"provider": "azure"}, ("model", 1, "model", "openai/gpt-4o-mini", "azure/gpt-4o-mini")),
        ({"operation": "responses"}, ("params", 1, "operation", "chat", "responses")),
        ({"params": {"temperature": 0.5}}, ("params", 1, "params.temperature", None, 0.5)),
    ],
)
def test_one_change_is_one_drift(change: dict[str, Any], difference: Found) -> None:
    """Each thing that can change in a conversation is named by kind, place, old and new value, and only once."""
    assert found(trace(refund()), trace(refund(**change))) == [difference]


def test_a_drift_says_where_it_is_and_what_follows_from_it() -> None:
    """A changed prompt is one drift of the first turn; the later turns that repeat it are counted and named."""
    assert compare(trace(refund()), trace(refund(prompt="Be rude.")), EXACT) == (
        Drift(
            kind="prompt",
            conversation="main",
            turn=1,
            path="messages[0].content",
            golden="You are a refund agent.",
            observed="Be rude.",
            role="system",
            first=True,
            folded=3,
            folded_at=("main turn 2", "main turn 3", "main turn 4"),
        ),
    )


@pytest.mark.parametrize("role", ["system", "developer"])
def test_system_messages_are_prompts(role: str) -> None:
    """Both roles in which instructions are given are the prompt."""
    golden, observed = (trace(call(message({"role": role, "content": text}), out=says("A"))) for text in "ab")
    assert found(golden, observed) == [("prompt", 1, "messages[0].content", "a", "b")]


def test_params_differ_in_their_parts() -> None:
    """A nested parameter is one small difference; a null that goes is told from one that was never there."""
    golden = trace(
        call(user("a"), params={"response_format": {"schema": {"type": "object", "strict": True}}, "stop": None})
    )
    observed = trace(call(user("a"), params={"response_format": {"schema": {"type": "object", "strict": False}}}))
    assert found(golden, observed) == [
        ("params", 1, "params.response_format.schema.strict", True, False),
        ("params", 1, "params.stop (removed)", None, None),
    ]


def test_equal_numbers_are_equal() -> None:
    """0 and 0.0 are one number in JSON, 0 and false are not."""
    assert found(trace(call(params={"t": 0})), trace(call(params={"t": 0.0}))) == []
    assert found(trace(call(params={"t": 0})), trace(call(params={"t": False}))) == [
        ("params", 1, "params.t", 0, False)
    ]


def test_tool_schemas_differ_by_tool() -> None:
    """A changed schema, a tool that is gone and a new one each name the tool."""
    golden = trace(call(user("a"), tools=(tool("refund", amount="number"), tool("log", text="string"))))
    observed = trace(call(user("a"), tools=(tool("refund", amount="string"), tool("ask", question="string"))))
    assert found(golden, observed) == [
        ("tools", 1, "tools.refund.parameters.properties.amount.type", "number", "string"),
        ("tools", 1, "tools.log", tool("log", text="string"), None),
        ("tools", 1, "tools.ask", None, tool("ask", question="string")),
    ]


def test_a_renamed_tool_is_one_difference() -> None:
    """A tool with the same schema under another name was renamed."""
    old = tool("refund", amount="number")
    assert found(
        trace(call(user("a"), tools=(old,))), trace(call(user("a"), tools=({**old, "name": "pay_back"},)))
    ) == [("tools", 1, "tools.refund.name", "refund", "pay_back")]


def test_the_order_of_tools_is_part_of_the_request() -> None:
    """Tools offered in another order are one difference."""
    tools = tool("refund", amount="number"), tool("log", text="string")
    assert found(trace(call(user("a"), tools=tools)), trace(call(user("a"), tools=tools[::-1]))) == [
        ("tools", 1, "tools", ["refund", "log"], ["log", "refund"])
    ]


def test_built_in_tools_are_known_by_their_type() -> None:
    """A tool of the provider has no name, and two tools of one name are told apart."""
    golden = ({"type": "web_search", "size": "low"}, tool("log"), tool("log", text="string"))
    observed = ({"type": "web_search", "size": "high"}, tool("log"), tool("log", text="number"))
    assert found(trace(call(user("a"), tools=golden)), trace(call(user("a"), tools=observed))) == [
        ("tools", 1, "tools.web_search.size", "low", "high"),
        ("tools", 1, 'tools["log#2"].parameters.properties.text.type', "string", "number"),
    ]


def asking(*calls: tuple[str, Any]) -> Trace:
    """A trace of one call that asks for these tools."""
    return trace(call(user("a"), out=asks(*calls)))


@pytest.mark.parametrize(
    ("golden", "observed", "differences"),
    [
        (
            [("refund", {"id": 1})],
            [("cancel", {"id": 1})],
            [("tool_call", 1, "output.tool_calls[0].name", "refund", "cancel")],
        ),
        (
            [("refund", {"id": 1})],
            [("ask", {"text": "?"})],
            [
                (
                    "tool_call",
                    1,
                    "output.tool_calls[0]",
                    {"name": "refund", "arguments": {"id": 1}},
                    {"name": "ask", "arguments": {"text": "?"}},
                )
            ],
        ),
        (
            [("refund", {"id": 1})],
            [("log", {}), ("refund", {"id": 1})],
            [("tool_call", 1, "output.tool_calls[0]", None, {"name": "log", "arguments": {}})],
        ),
        (
            [("log", {}), ("refund", {"id": 1})],
            [("refund", {"id": 1})],
            [("tool_call", 1, "output.tool_calls[0]", {"name": "log", "arguments": {}}, None)],
        ),
        (
            [("log", {}), ("refund", {"id": 1})],
            [("refund", {"id": 1}), ("log", {})],
            [("order", 1, "output.tool_calls", ["log", "refund"], ["refund", "log"])],
        ),
        (
            [("log", {"a": 1}), ("log", {"a": 2})],
            [("log", {"a": 2}), ("log", {"a": 1})],
            [
                (
                    "order",
                    1,
                    "output.tool_calls",
                    [{"name": "log", "arguments": {"a": 1}}, {"name": "log", "arguments": {"a": 2}}],
                    [{"name": "log", "arguments": {"a": 2}}, {"name": "log", "arguments": {"a": 1}}],
                )
            ],
        ),
        ([("refund", '{"id":1}')], [("refund", '{ "id": 1 }')], []),
        ([("refund", "")], [("refund", "{}")], []),
        (
            [("refund", "not json")],
            [("refund", "nor this")],
            [("tool_call", 1, "output.tool_calls[0].arguments", "not json", "nor this")],
        ),
    ],
)
def test_tool_calls_of_an_answer(golden: Any, observed: Any, differences: list[Found]) -> None:
    """Names, arguments, number and order of the tool calls of an answer count; the spelling of arguments does not."""
    assert found(asking(*golden), asking(*observed)) == differences


def test_an_answer_instead_of_a_tool_call() -> None:
    """Text in place of a tool call is both; the finish reason follows from it."""
    golden = trace(call(user("a"), out=asks(("refund", {"id": 1})), finish_reason="tool_calls"))
    observed = trace(call(user("a"), out=says("No."), finish_reason="stop"))
    assert found(golden, observed) == [
        ("output", 1, "output.content", None, "No."),
        ("tool_call", 1, "output.tool_calls[0]", {"name": "refund", "arguments": {"id": 1}}, None),
    ]


def test_answers_of_json_differ_in_their_parts() -> None:
    """An answer that is JSON is compared as data; the same data in another spelling is another text."""
    golden = trace(call(user("a"), out=says('{"name": "Ann", "tags": ["a", "b"]}')))
    assert found(golden, trace(call(user("a"), out=says('{"name": "Ann", "tags": ["a", "c"]}')))) == [
        ("output", 1, "output.content.tags[1]", "b", "c")
    ]
    assert found(golden, trace(call(user("a"), out=says('{"name":"Ann","tags":["a","b"]}')))) == [
        ("output", 1, "output.content", '{"name": "Ann", "tags": ["a", "b"]}', '{"name":"Ann","tags":["a","b"]}')
    ]


def test_other_fields_of_an_answer() -> None:
    """Reasoning, refusals and the finish reason are parts of the output."""
    golden = trace(call(user("a"), out=says("A", reasoning="hm"), finish_reason="stop"))
    observed = trace(call(user("a"), out=says("A", reasoning="aha", refusal="no"), finish_reason="length"))
    assert found(golden, observed) == [
        ("output", 1, "output.reasoning", "hm", "aha"),
        ("output", 1, "output.refusal", None, "no"),
        ("output", 1, "finish_reason", "stop", "length"),
    ]


def test_parts_of_a_message_are_compared_one_by_one() -> None:
    """A changed image in a message of several parts is one difference of that part."""
    golden, observed = (
        trace(call(user([{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": url}}])))
        for url in ("a.png", "b.png")
    )
    assert found(golden, observed) == [("user", 1, "messages[0].content[1].image_url.url", "a.png", "b.png")]


def test_no_answer_at_all() -> None:
    """A call without an answer, for no reason that is known, lacks its whole output; so does one with a new answer."""
    silent, answered = trace(call(user("a"))), trace(call(user("a"), out=says("A")))
    assert found(answered, silent) == [("output", 1, "output", "A", None)]
    assert found(silent, answered) == [("output", 1, "output", None, "A")]


def test_a_difference_that_no_field_shows_is_told_as_a_whole() -> None:
    """Numbers of one value in two spellings make another answer, and that is never lost."""
    golden, observed = (trace(call(user("a"), out=says([{"type": "data", "at": at}]))) for at in (1, 1.0))
    assert [one[:3] for one in found(golden, observed)] == [("output", 1, "output")]


SLOW = CallError(type="RateLimitError", message="slow down", status=429)


@pytest.mark.parametrize(
    ("golden", "observed", "difference"),
    [
        (
            {"out": says("A"), "finish_reason": "stop"},
            {"error": SLOW, "status": "error"},
            ("error", None, {"type": "RateLimitError", "message": "slow down", "status": 429}),
        ),
        (
            {"error": SLOW, "status": "error"},
            {"out": says("A"), "finish_reason": "stop"},
            ("error", {"type": "RateLimitError", "message": "slow down", "status": 429}, None),
        ),
        (
            {"error": SLOW, "status": "error"},
            {"error": CallError(type="RateLimitError", message="slow down", status=500), "status": "error"},
            ("error.status", 429, 500),
        ),
        ({"out": says("A")}, {"out": says("A"), "status": "abandoned"}, ("status", "ok", "abandoned")),
    ],
)
def test_errors(golden: Any, observed: Any, difference: tuple[str, Any, Any]) -> None:
    """An error that comes, goes or changes is one difference, whatever was answered instead."""
    assert found(trace(call(user("a"), **golden)), trace(call(user("a"), **observed))) == [("error", 1, *difference)]


def test_a_call_that_was_not_made_blames_only_itself() -> None:
    """The later turns lack its messages because of it, so they are no drift of their own."""
    first, second, _, fourth = refund_turns()
    drifts = compare(trace(refund()), trace(chat(first, second, fourth)), EXACT)
    assert drifts == (
        Drift(
            kind="call_missing",
            conversation="main",
            turn=3,
            path="call",
            golden={
                "model": "openai/gpt-4o-mini",
                "user": "Refund order 123",
                "output": "Your refund is on its way.",
            },
            first=True,
            folded=1,
            folded_at=("main turn 4",),
        ),
    )


def test_calls_missing_one_after_the_other_are_one_drift() -> None:
    """An end that was not reached in a run that was not stopped is told once."""
    (drift,) = compare(trace(refund()), trace(refund()[:1]), EXACT)
    assert (drift.kind, drift.turn, drift.folded, drift.folded_at) == (
        "call_missing",
        2,
        2,
        ("main turn 3", "main turn 4"),
    )


def test_a_call_that_was_added_blames_only_itself() -> None:
    """A turn in the middle that the golden trace does not have is one drift, with its number in the observed trace."""
    first, second, third, fourth = refund_turns()
    more = ([user("Are you sure?")], says("Yes."))
    (drift,) = compare(trace(refund()), trace(chat(first, second, third, more, fourth)), EXACT)
    assert (drift.kind, drift.turn, drift.golden, drift.observed, drift.folded) == (
        "call_added",
        4,
        None,
        {"model": "openai/gpt-4o-mini", "user": "Are you sure?", "output": "Yes."},
        1,
    )


def test_turns_in_another_order_are_order() -> None:
    """Two turns that changed places are one difference, and the histories that follow from it are none."""
    turns = [([user(text)], says(text.upper())) for text in "abcd"]
    golden = trace(chat(([system("s"), *turns[0][0]], turns[0][1]), *turns[1:]))
    observed = trace(chat(([system("s"), *turns[1][0]], turns[1][1]), turns[0], *turns[2:]))
    (drift,) = compare(golden, observed, EXACT)
    assert (drift.kind, drift.path, {drift.golden, drift.observed}) == ("order", "turn", {1, 2})


def test_results_reported_in_another_order_are_order() -> None:
    """Results of parallel tool calls that change places in the history are one difference."""
    asked = [("f", {}), ("g", {})]
    golden = chat(([user("a")], asks(*asked)), ([result("1"), result("2", of=1)], says("done")))
    observed = chat(([user("a")], asks(*asked)), ([result("2", of=1), result("1")], says("done")))
    assert found(trace(golden), trace(observed)) == [("order", 2, "messages[2]", 2, 3)]


def test_a_result_for_another_call_is_a_difference() -> None:
    """Which call a result answers counts, although ids do not."""
    asked = [("f", {"n": 1}), ("f", {"n": 2})]
    golden = chat(([user("a")], asks(*asked)), ([result("1"), result("1", of=1)], says("done")))
    observed = chat(([user("a")], asks(*asked)), ([result("1"), result("1", of=0)], says("done")))
    assert found(trace(golden), trace(observed)) == [
        (
            "tool_result",
            2,
            "messages[3].tool_call_id",
            {"name": "f", "arguments": {"n": 2}, "tool_call": 1, "messages_back": 0},
            {"name": "f", "arguments": {"n": 1}, "tool_call": 0, "messages_back": 0},
        )
    ]


def edited(calls: list[LLMCall], position: int, history: Any) -> Trace:
    """A trace in which one call sends another history."""
    return trace(
        [call(*history, out=one.output) if at == position else one for at, one in enumerate(calls)],
    )


def test_an_answer_edited_in_the_history() -> None:
    """A history that does not repeat what the model said is a change of the output, or of the tool call, there."""
    calls = refund()
    history = list(calls[3].messages)
    assert found(trace(calls), edited(calls, 3, [*history[:6], says("Denied."), *history[7:]])) == [
        ("output", 4, "messages[6].content", "Your refund is on its way.", "Denied.")
    ]
    changed = asks(("lookup_order", {"order_id": "666"}))
    assert found(trace(calls), edited(calls, 1, [*history[:2], changed, result(history[3].text)])) == [
        ("tool_call", 2, "messages[2].tool_calls[0].arguments.order_id", "123", "666")
    ]


def test_a_history_that_was_cut() -> None:
    """Messages that are gone from the history are told by kind, the first of each."""
    calls = refund()
    history = list(calls[3].messages)
    assert found(trace(calls), edited(calls, 3, [history[0], history[7]])) == [
        ("user", 4, "messages[1]", "Refund order 123", None),
        ("tool_call", 4, "messages[2]", [{"name": "lookup_order", "arguments": {"order_id": "123"}}], None),
        ("tool_result", 4, "messages[3]", '{"status": "delivered", "total": 20}', None),
        ("output", 4, "messages[6]", "Your refund is on its way.", None),
    ]


def test_a_message_more_in_the_history() -> None:
    """A message that the application adds is one difference, at its position in the observed history."""
    observed = trace(call(system("s"), user("Be brief."), user("a"), out=says("A")))
    assert found(trace(call(system("s"), user("a"), out=says("A"))), observed) == [
        ("user", 1, "messages[1]", None, "Be brief.")
    ]


def test_embeddings_are_compared_by_their_input() -> None:
    """Calls for embeddings pair by content; a changed input is a changed user message."""
    golden, observed = (
        trace([call(user(text), operation="embeddings", model="embed") for text in texts]) for texts in ("abc", "cax")
    )
    assert found(golden, observed) == [("user", 1, "messages[0].content", "b", "x")]


def test_a_call_for_embeddings_is_never_taken_for_a_chat() -> None:
    """A call of another nature is missing and added, not changed."""
    golden = trace(call(user("a"), out=says("A")))
    observed = trace(call(user("a"), operation="embeddings"))
    assert sorted(one[0] for one in found(golden, observed)) == ["call_added", "call_missing"]


def test_nothing_against_nothing() -> None:
    """Empty traces are equal; against an empty one, every call is missing or added."""
    assert found(trace(), trace()) == []
    assert [one[0] for one in found(trace(refund()), trace())] == ["call_missing"]
    assert [one[0] for one in found(trace(), trace(refund()))] == ["call_added"]
