"""Requests and responses for dialect tests, in as few words as possible."""

from __future__ import annotations

import json
import struct
from typing import Any

from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.messages import Message, MessageTable
from pytest_llmtrace._model.trace import LLMCall

CHAT = "http://127.0.0.1:9/v1/chat/completions"
RESPONSES = "http://127.0.0.1:9/v1/responses"
MESSAGES = "http://127.0.0.1:9/v1/messages"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"
CONVERSE = "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-lite-v1%3A0/converse"


def request(url: str, body: Any, method: str = "POST") -> HttpRequest:
    return HttpRequest(method=method, url=url, body=body if isinstance(body, bytes) else json.dumps(body).encode())


def response(body: Any, status: int = 200, kind: str = "application/json") -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status=status, headers=(("content-type", kind),), body=raw)


def sse(*events: Any, done: bool = False, named: bool = False) -> HttpResponse:
    """Server-sent events; `named`: with an ``event:`` line, as Anthropic and the Responses API send them."""
    parts = [
        (f"event: {event['type']}\n" if named else "")
        + f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n"
        for event in events
    ]
    return response("".join([*parts, "data: [DONE]\n\n" if done else ""]).encode(), kind="text/event-stream")


def ask(url: str, body: Any, table: MessageTable | None = None) -> LLMCall:
    call = parse_request(request(url, body), MessageTable() if table is None else table)
    assert call is not None
    return call


def answered(url: str, body: Any, reply: Any, table: MessageTable | None = None) -> LLMCall:
    table = MessageTable() if table is None else table
    return parse_response(ask(url, body, table), reply if isinstance(reply, HttpResponse) else response(reply), table)


def sent(url: str, body: Any) -> list[dict[str, Any]]:
    """The messages of a request as plain data."""
    return [dict(message) for message in ask(url, body).messages]


def said(message: Message | None) -> dict[str, Any] | None:
    """A message as plain data."""
    return None if message is None else dict(message)


def function(name: str, arguments: str = "{}", call_id: str | None = None, **others: Any) -> dict[str, Any]:
    """A tool call as it stands in a trace."""
    made: dict[str, Any] = {"id": call_id} if call_id else {}
    return {**made, "type": "function", "function": {"name": name, "arguments": arguments}, **others}


def aws_message(payload: dict[str, Any], event_type: str, kind: str = "event") -> bytes:
    """One message of an AWS event stream; the checksums are not looked at."""
    names = {":event-type": event_type, ":message-type": kind}
    if kind == "exception":
        names[":exception-type"] = event_type
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in names.items()
    )
    data = json.dumps(payload).encode()
    return struct.pack(">III", 16 + len(headers) + len(data), len(headers), 0) + headers + data + b"\0\0\0\0"
