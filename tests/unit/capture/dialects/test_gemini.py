"""Google's generateContent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import GEMINI, answered, ask, function, response, said, sent, sse

STREAM = GEMINI.replace(":generateContent", ":streamGenerateContent?alt=sse")
ASK: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def candidate(*parts: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    return {"candidates": [{**made, "finishReason": reason} if reason else made], "modelVersion": "gemini-x"}


@pytest.mark.parametrize("snake", [False, True])
def test_a_request_in_either_spelling(snake: bool) -> None:
    """Camel case and snake case give the same call; signatures are left out, files become digests."""
    body = {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "look"}, {"inlineData": {"mimeType": "image/png", "data": "AAEC"}}]},
            {
                "role": "model",
                "parts": [
                    {"text": "hm", "thought": True},
                    {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "zzz"},
                ],
            },
            {"role": "user", "parts": [{"functionResponse": {"id": "c1", "name": "f", "response": {"result": 2}}}]},
        ],
        "tools": [
            {"functionDeclarations": [{"name": "f", "description": "F.", "parametersJsonSchema": {"type": "object"}}]},
            {"googleSearch": {}},
        ],
        "generationConfig": {"temperature": 0},
    }
    text = json.dumps(body)
    if snake:
        for name in ("systemInstruction", "inlineData", "mimeType", "functionCall", "functionResponse"):
            text = text.replace(name, "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name))
        text = text.replace("functionDeclarations", "function_declarations")
        text = text.replace("parametersJsonSchema", "parameters_json_schema")
        text = text.replace("thoughtSignature", "thought_signature")

    call = ask(GEMINI, json.loads(text))

    assert call.operation == "generate_content"
    assert call.name == "gemini/gemini-2.5-flash"
    assert call.params == {"generationConfig": {"temperature": 0}}
    assert call.tools == (
        {"name": "f", "description": "F.", "parameters": {"type": "object"}},
        {"googleSearch": {}},
    )
    assert [dict(message) for message in call.messages] == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "look"},
                {
                    "type": "image",
                    "media_type": "image/png",
                    "digest": "a75c0b0d97360c1ba783496eb6a0395a",
                    "bytes": 3,
                },
            ],
        },
        {"role": "assistant", "tool_calls": [function("f", '{"a": 1}', "c1")], "reasoning": "hm"},
        {"role": "tool", "content": '{"result": 2}', "name": "f", "tool_call_id": "c1"},
    ]


def test_contents_may_be_a_text() -> None:
    """The API takes a bare content too."""
    assert sent(GEMINI, {"contents": "hi"}) == [{"role": "user", "content": "hi"}]


def test_an_answer_in_one_piece() -> None:
    """Thoughts are counted apart by Google and belong to the output."""
    usage = {
        "promptTokenCount": 10,
        "cachedContentTokenCount": 4,
        "candidatesTokenCount": 3,
        "thoughtsTokenCount": 5,
        "totalTokenCount": 18,
    }
    data = candidate({"text": "hm", "thought": True}, {"text": "Hello"}, reason="STOP") | {"usageMetadata": usage}

    call = answered(GEMINI, ASK, data)

    assert said(call.output) == {"role": "assistant", "content": "Hello", "reasoning": "hm"}
    assert (call.status, call.finish_reason, call.response_model) == ("ok", "STOP", "gemini-x")
    assert call.usage == Usage(input_tokens=10, output_tokens=8, cache_read_tokens=4, reasoning_tokens=5)


def test_thoughts_inside_the_candidates_are_not_counted_twice() -> None:
    """The total tells."""
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 8, "thoughtsTokenCount": 5, "totalTokenCount": 18}

    call = answered(GEMINI, ASK, candidate({"text": "x"}, reason="STOP") | {"usageMetadata": usage})

    assert call.usage == Usage(input_tokens=10, output_tokens=8, reasoning_tokens=5)


@pytest.mark.parametrize("form", ["sse", "array"])
def test_a_stream_is_put_together(form: str) -> None:
    """As server-sent events, or as the JSON array that is streamed without `alt=sse`."""
    events = [
        candidate({"text": "Hel"}),
        candidate({"text": "lo"}, {"functionCall": {"name": "f", "args": {}}}),
        candidate({"text": ""}, reason="STOP") | {"usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 3}},
    ]
    reply = sse(*events) if form == "sse" else response(events)

    call = answered(STREAM, ASK, reply)

    assert call.streamed
    assert said(call.output) == {"role": "assistant", "content": "Hello", "tool_calls": [function("f")]}
    assert (call.status, call.finish_reason, call.usage) == ("ok", "STOP", Usage(input_tokens=2, output_tokens=3))


def test_a_cut_array_is_an_abandoned_stream() -> None:
    """What came whole is kept."""
    body = json.dumps([candidate({"text": "Hel"}), candidate({"text": "lo"}, reason="STOP")]).encode()

    call = answered(STREAM, ASK, response(body[:-60]))

    assert (call.status, said(call.output)) == ("abandoned", {"role": "assistant", "content": "Hel"})


def test_executed_code_is_a_call_with_its_result() -> None:
    """The model's own code execution is part of the trajectory; ids of the run are not its content."""
    data = candidate(
        {"executableCode": {"id": "x", "language": "PYTHON", "code": "1+1"}},
        {"codeExecutionResult": {"id": "x", "outcome": "OUTCOME_OK", "output": "2"}},
        {"text": "2"},
        reason="STOP",
    )

    assert said(answered(GEMINI, ASK, data).output) == {
        "role": "assistant",
        "content": "2",
        "tool_calls": [
            {
                "id": "x",
                "type": "code_execution",
                "function": {"name": "code_execution", "arguments": '{"language": "PYTHON", "code": "1+1"}'},
                "result": {"outcome": "OUTCOME_OK", "output": "2"},
            }
        ],
    }


def test_grounding_stands_beside_the_text() -> None:
    """Without the HTML that Google wants to see rendered."""
    data = candidate({"text": "x"}, reason="STOP")
    data["candidates"][0]["groundingMetadata"] = {
        "webSearchQueries": ["q"],
        "searchEntryPoint": {"renderedContent": "<div>"},
    }

    assert said(answered(GEMINI, ASK, data).output) == {
        "role": "assistant",
        "content": "x",
        "annotations": [{"webSearchQueries": ["q"]}],
    }


def test_a_blocked_prompt_has_a_reason_and_no_output() -> None:
    """Google answers with feedback instead of candidates."""
    call = answered(GEMINI, ASK, {"promptFeedback": {"blockReason": "SAFETY"}})

    assert (call.status, call.finish_reason, call.output) == ("ok", "SAFETY", None)


def test_an_error_has_googles_word_for_it() -> None:
    """The status name says more than the number."""
    error = {"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED"}}

    call = answered(GEMINI, ASK, response([error], status=429))

    assert call.error == CallError(type="RESOURCE_EXHAUSTED", message="quota", status=429)


def test_an_answer_with_a_picture_keeps_its_order() -> None:
    """Image models mix text and pictures; pieces of text are joined only where they touch."""
    picture = {"inlineData": {"mimeType": "image/png", "data": "AAEC"}}
    data = candidate({"text": "a"}, {"text": "b"}, picture, {"text": "c"}, {"thoughtSignature": "zz"}, reason="STOP")

    assert said(answered(GEMINI, ASK, data).output) == {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "ab"},
            {
                "type": "image",
                "media_type": "image/png",
                "digest": "a75c0b0d97360c1ba783496eb6a0395a",
                "bytes": 3,
            },
            {"type": "text", "text": "c"},
        ],
    }


def test_files_and_unknown_parts_are_kept_as_data() -> None:
    """A file elsewhere is its address; a part that nobody has heard of yet stays as it is."""
    parts = [
        {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://b/v"}},
        {"unheardOf": {"a": 1}},
    ]

    assert sent(GEMINI, {"contents": [{"role": "user", "parts": parts}]}) == [
        {
            "role": "user",
            "content": [
                {"type": "video", "url": "gs://b/v", "media_type": "video/mp4"},
                {"type": "unheardOf", "unheardOf": {"a": 1}},
            ],
        }
    ]


def test_arguments_that_come_piece_by_piece_are_one_call() -> None:
    """Pieces of a text are joined, each argument stands where its path says."""

    def piece(goes_on: bool, *arguments: dict[str, Any], **named: str) -> dict[str, Any]:
        return candidate({"functionCall": {**named, "partialArgs": list(arguments), "willContinue": goes_on}})

    reply = sse(
        piece(True, name="f", id="c1"),
        piece(True, {"jsonPath": "$.place.city", "stringValue": "Par"}),
        piece(True, {"jsonPath": "$.place.city", "stringValue": "is"}),
        piece(False, {"jsonPath": "$.days", "numberValue": 3}),
        candidate({"text": "Done."}, reason="STOP"),
    )

    call = answered(STREAM, ASK, reply)

    assert said(call.output) == {
        "role": "assistant",
        "content": "Done.",
        "tool_calls": [function("f", '{"place": {"city": "Paris"}, "days": 3}', "c1")],
    }


def test_further_candidates_stand_beside_the_first() -> None:
    """As further choices do elsewhere."""
    first, second = (candidate({"text": text}, reason="STOP")["candidates"][0] for text in ("a", "b"))

    call = answered(GEMINI, ASK, {"candidates": [first, {**second, "index": 1}]})

    assert said(call.output) == {
        "role": "assistant",
        "content": "a",
        "alternatives": [{"role": "assistant", "content": "b"}],
    }


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "No."}}, "SAFETY"),
        (
            {"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": "No."}]},
            "MALFORMED_FUNCTION_CALL",
        ),
    ],
)
def test_a_blocked_answer_says_why(reply: dict[str, Any], reason: str) -> None:
    """What Google says about it is the refusal."""
    call = answered(GEMINI, ASK, reply)

    assert said(call.output) == {"role": "assistant", "refusal": "No."}
    assert (call.finish_reason, call.status) == (reason, "ok")


def test_addresses_that_were_read_and_works_that_were_cited_are_annotations() -> None:
    """Beside the grounding of a search."""
    made = candidate({"text": "a"}, reason="STOP")
    read = {"urlMetadata": [{"retrievedUrl": "https://x", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"}]}
    cited = {"citations": [{"uri": "https://y"}]}
    made["candidates"][0] |= {"urlContextMetadata": read, "citationMetadata": cited}

    call = answered(GEMINI, ASK, made)

    assert call.output is not None
    assert call.output["annotations"] == [cited, read]


def test_tools_keep_what_they_answer() -> None:
    """A declared response is part of the offer."""
    declared = {"name": "f", "parametersJsonSchema": {}, "responseJsonSchema": {"type": "string"}}

    call = ask(GEMINI, {**ASK, "tools": [{"functionDeclarations": [declared]}]})

    assert call.tools == ({"name": "f", "parameters": {}, "responseJsonSchema": {"type": "string"}},)
