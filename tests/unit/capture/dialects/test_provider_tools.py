"""Tools that a provider runs itself: each is a call with its result, whoever ran it."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._model.http import HttpResponse
from tests.unit.capture.dialects.dialect_wire import (
    CHAT,
    CONVERSE,
    GEMINI,
    MESSAGES,
    RESPONSES,
    answered,
    aws_message,
    function,
    said,
    sent,
    sse,
)

ASK_CHAT: dict[str, Any] = {"model": "m", "messages": []}
ASK_CONVERSE: dict[str, Any] = {"messages": []}
ASK_GEMINI: dict[str, Any] = {"contents": []}
ASK_RESPONSES: dict[str, Any] = {"model": "m", "input": "hi"}


def parts_reply(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}, "finishReason": "STOP"}]}


def blocks_reply(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"output": {"message": {"role": "assistant", "content": list(blocks)}}, "stopReason": "end_turn"}


def test_groq_reports_executed_tools_beside_the_message() -> None:
    """With arguments and what came of them."""
    ran = {"index": 0, "type": "search", "arguments": '{"query":"ducks"}', "output": "They swim."}
    message = {"role": "assistant", "content": "They swim.", "executed_tools": [ran]}

    call = answered(CHAT, ASK_CHAT, {"choices": [{"message": message, "finish_reason": "stop"}]})

    expected = function("search", '{"query": "ducks"}', type="search", result="They swim.")
    assert said(call.output) == {"role": "assistant", "content": "They swim.", "tool_calls": [expected]}


def test_groq_streams_an_executed_tool_twice() -> None:
    """Begun and done are one call."""
    begun = {"index": 0, "type": "python", "arguments": '{"code":"1"}'}
    reply = sse(
        {"choices": [{"index": 0, "delta": {"executed_tools": [begun]}}]},
        {"choices": [{"index": 0, "delta": {"executed_tools": [{**begun, "output": "1"}]}}]},
        {"choices": [{"index": 0, "delta": {"content": "One."}, "finish_reason": "stop"}]},
        done=True,
    )

    call = answered(CHAT, {**ASK_CHAT, "stream": True}, reply)

    assert call.output is not None
    assert call.output["tool_calls"] == [function("python", '{"code": "1"}', type="python", result="1")]


@pytest.mark.parametrize("streamed", [False, True])
def test_sources_beside_the_choices_are_annotations(streamed: bool) -> None:
    """Perplexity and xAI name what they read at the top of the answer."""
    choice = {"index": 0, "delta" if streamed else "message": {"content": "Yes."}, "finish_reason": "stop"}
    data = {"choices": [choice], "citations": ["https://ducks.example"]}

    call = answered(CHAT, {**ASK_CHAT, "stream": streamed}, sse(data, done=True) if streamed else data)

    assert call.output is not None
    assert call.output["annotations"] == [{"citations": ["https://ducks.example"]}]


def test_mistral_answers_with_the_steps_it_took() -> None:
    """The last message is the answer, those before it are its steps."""
    steps = [{"role": "tool", "content": "3"}, {"role": "assistant", "content": "Three."}]

    call = answered(CHAT, ASK_CHAT, {"choices": [{"index": 0, "messages": steps, "finish_reason": "stop"}]})

    assert said(call.output) == {
        "role": "assistant",
        "content": "Three.",
        "steps": [{"role": "tool", "content": "3"}],
    }


def test_fields_of_a_delta_that_are_not_known_are_kept() -> None:
    """As those of a message in one piece are."""
    context = {"citations": [{"title": "a"}]}
    reply = sse(
        {"choices": [{"index": 0, "delta": {"role": "assistant", "context": context}}]},
        {"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]},
    )

    call = answered(CHAT, {**ASK_CHAT, "stream": True}, reply)

    assert said(call.output) == {"role": "assistant", "content": "x", "context": context}


def test_google_runs_code_and_tools() -> None:
    """The result goes to the call of the same id, or to the one that waits for one."""
    call = answered(
        GEMINI,
        ASK_GEMINI,
        parts_reply(
            {"executableCode": {"code": "1+1", "language": "PYTHON"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}},
            {"toolCall": {"toolType": "GOOGLE_SEARCH", "args": {"q": "ducks"}, "id": "t1"}},
            {"toolResponse": {"toolType": "GOOGLE_SEARCH", "response": {"found": 3}, "id": "t1"}},
        ),
    )

    assert call.output is not None
    assert call.output["tool_calls"] == [
        function(
            "code_execution",
            '{"code": "1+1", "language": "PYTHON"}',
            type="code_execution",
            result={"outcome": "OUTCOME_OK", "output": "2"},
        ),
        function("google_search", '{"q": "ducks"}', "t1", type="server_tool_call", result={"response": {"found": 3}}),
    ]


def test_a_result_whose_call_is_elsewhere_stands_alone() -> None:
    """Nothing that a provider reports is lost because its call was in an earlier answer."""
    ran = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}}
    found = {"toolResult": {"toolUseId": "t1", "content": [{"text": "3"}]}}
    listed = {"type": "shell_call_output", "call_id": "c", "output": [{"stdout": "x"}]}

    google = answered(GEMINI, ASK_GEMINI, parts_reply(ran))
    amazon = answered(CONVERSE, ASK_CONVERSE, blocks_reply(found))
    openai = answered(RESPONSES, ASK_RESPONSES, {"status": "completed", "output": [{"execution": "server", **listed}]})

    assert said(google.output) == {"role": "assistant", "content": [{"type": "codeExecutionResult", **ran}]}
    assert said(amazon.output) == {
        "role": "assistant",
        "content": [{"type": "toolResult", "toolUseId": "t1", "content": [{"text": "3"}]}],
    }
    assert said(openai.output) == {
        "role": "assistant",
        "content": [{"type": "shell_call_output", "output": [{"stdout": "x"}]}],
    }


def test_bedrock_grounds_an_answer() -> None:
    """A tool that Nova uses on the server has its result in the same message."""
    use = {"toolUseId": "t1", "name": "nova_grounding", "type": "server_tool_use", "input": {"q": "ducks"}}
    result = {"toolUseId": "t1", "type": "nova_grounding_result", "content": [{"json": {"n": 1}}]}

    call = answered(CONVERSE, ASK_CONVERSE, blocks_reply({"toolUse": use}, {"toolResult": result}))

    expected = function("nova_grounding", '{"q": "ducks"}', "t1", type="server_tool_use", result=[{"json": {"n": 1}}])
    assert said(call.output) == {"role": "assistant", "tool_calls": [expected]}


def test_bedrock_streams_citations_and_results() -> None:
    """Each block of a stream equals the block of an answer in one piece."""
    events = [
        ("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "g"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"toolUse": {"input": '{"q": 1}'}}}),
        ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolResult": {"toolUseId": "t"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolResult": [{"text": "3"}]}}),
        ("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"text": "Three."}}),
        ("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"citation": {"title": "A"}}}),
        ("contentBlockStart", {"contentBlockIndex": 3, "start": {"image": {"format": "png"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 3, "delta": {"image": {"source": {"bytes": "AAEC"}}}}),
        ("messageStop", {"stopReason": "end_turn"}),
    ]
    body = b"".join(aws_message(payload, name) for name, payload in events)
    reply = HttpResponse(status=200, headers=(("content-type", "application/vnd.amazon.eventstream"),), body=body)

    call = answered(f"{CONVERSE}-stream", ASK_CONVERSE, reply)

    assert said(call.output) == {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "Three."},
            {"type": "image", "media_type": "image/png", "digest": "a75c0b0d97360c1ba783496eb6a0395a", "bytes": 3},
        ],
        "tool_calls": [function("g", '{"q": 1}', "t", result=[{"text": "3"}])],
        "annotations": [{"title": "A"}],
    }


def test_calls_name_the_server_they_go_to() -> None:
    """Two MCP servers may offer tools of one name, and so may two namespaces."""
    block = {"type": "mcp_tool_use", "id": "t", "name": "ask", "input": {}, "server_name": "wiki"}
    item = {"type": "function_call", "call_id": "c", "name": "ask", "arguments": "{}", "namespace": "crm"}

    claude = answered(MESSAGES, ASK_CHAT, {"content": [block], "stop_reason": "end_turn"})
    openai = answered(RESPONSES, ASK_RESPONSES, {"status": "completed", "output": [item]})

    assert claude.output is not None
    assert openai.output is not None
    assert claude.output["tool_calls"] == [function("ask", "{}", "t", type="mcp_tool_use", server="wiki")]
    assert openai.output["tool_calls"] == [function("ask", "{}", "c", namespace="crm")]


def test_a_computers_safety_checks_are_part_of_the_call_and_of_its_answer() -> None:
    """Without their ids, which are random."""
    check = {"id": "sc_1", "code": "malicious_instructions", "message": "Careful."}
    click = {"type": "computer_call", "call_id": "c", "action": {"type": "click"}, "pending_safety_checks": [check]}
    shot = {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAEC"}
    done = {"type": "computer_call_output", "call_id": "c", "output": shot, "acknowledged_safety_checks": [check]}

    call = answered(RESPONSES, ASK_RESPONSES, {"status": "completed", "output": [click]})
    (result,) = sent(RESPONSES, {"model": "m", "input": [done]})

    kept = [{"code": "malicious_instructions", "message": "Careful."}]
    assert call.output is not None
    assert call.output["tool_calls"] == [
        function("computer", '{"type": "click"}', "c", type="computer_call", pending_safety_checks=kept)
    ]
    assert result["acknowledged_safety_checks"] == kept


def test_tools_that_a_search_found_are_named_with_their_namespace() -> None:
    """A server of tools by its label."""
    found = [
        {"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "find"}]},
        {"type": "mcp", "server_label": "wiki"},
    ]

    (message,) = sent(RESPONSES, {"model": "m", "input": [{"type": "tool_search_output", "tools": found}]})

    assert message["content"] == '["crm.find", "wiki"]'
