"""Cohere's first chat API, as it is sent and answered."""

from __future__ import annotations

import json

from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import answered, function, response, said, sent

CHAT = "https://api.cohere.com/v1/chat"
ASK = {
    "model": "command-r",
    "preamble": "Be brief.",
    "chat_history": [{"role": "USER", "message": "Hi"}, {"role": "CHATBOT", "message": "Hello"}],
    "message": "Weather?",
}


def test_history_preamble_and_message_are_messages() -> None:
    """In the order in which the model reads them."""
    assert sent(CHAT, ASK) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Weather?"},
    ]


def test_tool_results_follow_the_message() -> None:
    """Each is a message of the tool that was called."""
    results = [{"call": {"name": "weather", "parameters": {}}, "outputs": [{"sky": "blue"}]}]

    assert sent(CHAT, {"message": "", "tool_results": results}) == [
        {"role": "tool", "name": "weather", "content": '[{"sky": "blue"}]'}
    ]


def test_an_answer_has_text_tool_calls_citations_and_usage() -> None:
    """Tool calls have no id here."""
    call = answered(
        CHAT,
        ASK,
        {
            "text": "Let me look.",
            "tool_calls": [{"name": "weather", "parameters": {"city": "Paris"}}],
            "citations": [{"start": 0, "end": 3, "text": "Let"}],
            "finish_reason": "COMPLETE",
            "meta": {"tokens": {"input_tokens": 11, "output_tokens": 5}},
        },
    )

    assert said(call.output) == {
        "role": "assistant",
        "content": "Let me look.",
        "tool_calls": [function("weather", '{"city": "Paris"}')],
        "annotations": [{"start": 0, "end": 3, "text": "Let"}],
    }
    assert (call.finish_reason, call.usage) == ("COMPLETE", Usage(input_tokens=11, output_tokens=5))


def test_a_stream_ends_with_the_whole_answer() -> None:
    """Lines of JSON; one that was cut off has what came."""
    end = {"text": "Blue.", "meta": {"tokens": {"input_tokens": 4, "output_tokens": 2}}}
    lines = [
        {"event_type": "text-generation", "text": "Bl", "is_finished": False},
        {"event_type": "text-generation", "text": "ue.", "is_finished": False},
        {"event_type": "stream-end", "is_finished": True, "finish_reason": "COMPLETE", "response": end},
    ]
    body = "\n".join(json.dumps(one) for one in lines).encode()

    whole = answered(CHAT, {**ASK, "stream": True}, response(body, kind="application/stream+json"))
    cut = answered(CHAT, {**ASK, "stream": True}, response(body[: body.rindex(b"\n")], kind="application/stream+json"))

    assert said(whole.output) == said(cut.output) == {"role": "assistant", "content": "Blue."}
    assert (whole.status, whole.finish_reason) == ("ok", "COMPLETE")
    assert (whole.usage, cut.status) == (Usage(input_tokens=4, output_tokens=2), "abandoned")
