"""Response bodies as data: one JSON object, or the events of a stream, whole or cut off."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import text
from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.http import HeldJson, HttpResponse, held_body

Event = Mapping[str, Any]


@frozen
class Body:
    """What a response body holds."""

    data: Any = None
    """The JSON of a response in one piece; `None` where it is not JSON."""
    events: tuple[Event, ...] | None = None
    """The JSON objects of a stream, in order; `None` where it is no stream."""
    done: bool = False
    """Whether a ``[DONE]`` came."""


def read_body(response: HttpResponse) -> Body:
    """Take a response body apart by what it is, whatever its content type says.

    Server-sent events, AWS event streams, lines of JSON, and the JSON arrays that Gemini streams are all streams.
    """
    kind = (response.header("content-type") or "").partition(";")[0].strip().lower()
    held = held_body(response)
    if isinstance(held, HeldJson) and isinstance(held.value, dict) and kind not in _STREAMS:
        return Body(data=held.value)
    body = response.body
    if kind == "application/vnd.amazon.eventstream":
        return Body(events=tuple(_aws_events(body)))
    start = body[:64].lstrip(_BLANKS)
    if kind == "text/event-stream" or start.startswith((b"data:", b"event:", b"id:", b"retry:", b":")):
        return _server_sent(body)
    data = parse_json(body)
    if isinstance(data, dict):
        return Body(data=data)
    if isinstance(data, list) or start.startswith((b"{", b"[")):
        events = tuple(_json_values(body))
        if isinstance(data, list) or len(events) > 1 or start.startswith(b"["):
            return Body(data=data, events=events)
    return Body(data=data)


def _server_sent(body: bytes) -> Body:
    events: list[Event] = []
    done = False
    name = ""
    lines: list[str] = []
    for line in [*body.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""]:
        if not line:
            for data in _payloads(lines):
                if data == "[DONE]":
                    done = True
                elif isinstance(parsed := parse_json(data), dict):
                    events.append(parsed if "type" in parsed or not name else {"type": name, **parsed})
            name, lines = "", []
        elif line.startswith("data:"):
            lines.append(line[5:].strip())
        elif line.startswith("event:"):
            name = line[6:].strip()
    return Body(events=tuple(events), done=done)


def _payloads(lines: list[str]) -> list[str]:
    """The data of one event; several where a server forgot the blank line between events."""
    if len(lines) < 2:
        return lines
    whole = "\n".join(lines)
    return [whole] if parse_json(whole) is not None else lines


def _json_values(body: bytes) -> Iterator[Event]:
    """The objects of a JSON array or of a sequence of JSON texts, as far as they are whole."""
    decoder = json.JSONDecoder()
    source = body.decode("utf-8", "replace")
    position = 0
    while position < len(source):
        if source[position] in _BETWEEN:
            position += 1
            continue
        try:
            value, position = decoder.raw_decode(source, position)
        except (ValueError, RecursionError):
            return
        if isinstance(value, dict):
            yield value


def _aws_events(body: bytes) -> Iterator[Event]:
    """The messages of an AWS event stream (https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html).

    A message is total length, header length, checksum, headers, payload, checksum. Converse events become
    ``{event type: payload}``, the chunks of an invoked model what they carry, exceptions ``{"error": ...}``.
    """
    position = 0
    while position + 16 <= len(body):
        total, headers_length = struct.unpack_from(">II", body, position)
        end = position + total
        if total < 16 or end > len(body) or 12 + headers_length > total - 4:
            return
        headers = _aws_headers(body[position + 12 : position + 12 + headers_length])
        payload = parse_json(body[position + 12 + headers_length : end - 4])
        payload = payload if isinstance(payload, dict) else {}
        position = end
        if headers.get(":message-type") in ("exception", "error"):
            kind = headers.get(":exception-type") or headers.get(":error-code") or "error"
            yield {"error": {"type": kind, "message": payload.get("message") or headers.get(":error-message") or ""}}
        elif isinstance(payload.get("bytes"), str):
            inner = _unpacked(payload["bytes"])
            if isinstance(inner, dict):
                yield inner
        else:
            yield {headers.get(":event-type") or "": payload}


def _aws_headers(raw: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    position = 0
    while position < len(raw):
        name_length = raw[position]
        name = raw[position + 1 : position + 1 + name_length].decode("utf-8", "replace")
        position += 1 + name_length
        if position + 3 > len(raw) or raw[position] != _AWS_STRING:
            return found
        (length,) = struct.unpack_from(">H", raw, position + 1)
        found[name] = raw[position + 3 : position + 3 + length].decode("utf-8", "replace")
        position += 3 + length
    return found


def _unpacked(data: object) -> Any:
    try:
        return parse_json(base64.b64decode(text(data)))
    except (ValueError, binascii.Error):
        return None


_STREAMS: Final = frozenset({"application/vnd.amazon.eventstream", "text/event-stream"})
_BLANKS: Final = b" \t\r\n\xef\xbb\xbf"
_BETWEEN: Final = frozenset("[], \t\r\n\ufeff")
_AWS_STRING: Final = 7
