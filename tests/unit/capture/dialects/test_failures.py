"""Errors and unreadable answers."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._model.http import HttpResponse
from pytest_llmtrace._model.trace import CallError
from tests.unit.capture.dialects.dialect_wire import CHAT, CONVERSE, MESSAGES, RESPONSES, answered, response, said

ASK: dict[str, Any] = {"model": "m", "messages": []}


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (
            {"error": {"type": "invalid_request_error", "message": "bad", "code": None}},
            400,
            ("invalid_request_error", "bad"),
        ),
        ({"error": {"message": "bad", "code": "model_not_found"}}, 404, ("model_not_found", "bad")),
        ({"error": {"code": 402, "message": "pay"}}, 402, ("http_402", "pay")),
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}},
            529,
            ("overloaded_error", "busy"),
        ),
        ({"error": "not found"}, 404, ("http_404", "not found")),
        ({"message": "invalid api token"}, 401, ("http_401", "invalid api token")),
        ({"object": "error", "type": "BadRequestError", "message": "bad"}, 400, ("BadRequestError", "bad")),
        ({"detail": "nope"}, 422, ("http_422", "nope")),
        ({"detail": [{"msg": "missing"}]}, 422, ("http_422", '[{"msg":"missing"}]')),
        ({"surprise": 1}, 500, ("http_500", '{"surprise":1}')),
        (b"<html>Bad gateway</html>", 502, ("http_502", "<html>Bad gateway</html>")),
        (b"", 503, ("http_503", "")),
        ([{"error": {"status": "INVALID_ARGUMENT", "message": "bad", "code": 400}}], 400, ("INVALID_ARGUMENT", "bad")),
        ({"error": {"message": {"a": 1}}}, 400, ("http_400", '{"message":{"a":1}}')),
        (b"?", 599, ("http_599", "?")),
    ],
)
def test_an_http_error_is_read_in_every_form(body: Any, status: int, expected: tuple[str, str]) -> None:
    """Each provider and gateway writes errors in its own way."""
    call = answered(CHAT, ASK, response(body, status=status))

    assert (call.status, call.output, call.usage) == ("error", None, None)
    assert call.error == CallError(type=expected[0], message=expected[1], status=status)


def test_bedrock_names_the_error_in_a_header() -> None:
    """The body has the message only."""
    headers = (("x-amzn-ErrorType", "ValidationException:http://internal"),)
    reply = HttpResponse(status=400, headers=headers, body=b'{"message": "bad"}')

    call = answered(CONVERSE, {"messages": []}, reply)

    assert call.error == CallError(type="ValidationException", message="bad", status=400)


@pytest.mark.parametrize(("url", "body"), [(CHAT, ASK), (MESSAGES, ASK), (RESPONSES, {"input": "a"})])
def test_an_error_behind_status_200_is_an_error(url: str, body: dict[str, Any]) -> None:
    """OpenRouter and other gateways fail this way."""
    call = answered(url, body, {"error": {"code": 502, "message": "upstream"}})

    assert (call.status, call.error) == ("error", CallError(type="http_502", message="upstream", status=502))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the response is empty"),
        (b"<html>", "the response is not a JSON object"),
        (b'{"choices": [', "the response is not a JSON object"),
        (b"3", "the response is not a JSON object"),
    ],
)
def test_an_unreadable_answer_is_an_error(body: bytes, message: str) -> None:
    """A success that is none says so instead of raising."""
    call = answered(CHAT, ASK, response(body))

    assert (call.status, call.output) == ("error", None)
    assert call.error == CallError(type="unreadable_response", message=message, status=200)


def test_an_answer_nested_beyond_reading_is_an_error() -> None:
    """Python's recursion limit is not the test's problem."""
    deep = b'{"choices": [{"message": {"content": [{"type": "x", "y": ' + b"[" * 900 + b"]" * 900 + b"}]}}]}"

    call = answered(CHAT, ASK, response(deep))

    assert call.status in ("ok", "error")


def test_a_broken_off_answer_of_openrouter_keeps_its_text() -> None:
    """The error stands in the choice."""
    choice = {"message": {"content": "Hel"}, "finish_reason": "error", "error": {"code": 502, "message": "gone"}}

    call = answered(CHAT, ASK, {"choices": [choice]})

    assert (call.status, said(call.output)) == ("error", {"role": "assistant", "content": "Hel"})
    assert call.error == CallError(type="http_502", message="gone", status=502)


def test_an_empty_event_stream_is_abandoned() -> None:
    """Nothing came: no output and no end."""
    call = answered(CHAT, {**ASK, "stream": True}, response(b"", kind="text/event-stream"))

    assert (call.status, call.output, call.error) == ("abandoned", None, None)
