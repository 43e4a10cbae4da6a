"""Response bodies as data or events."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmtrace._capture.dialects.events import Body, read_body
from pytest_llmtrace._store.bodies import body_data
from pytest_llmtrace._store.bodies import read_body as stored
from tests.unit.capture.dialects.dialect_wire import aws_message, response

SSE = "text/event-stream"


@pytest.mark.parametrize(
    "body",
    [
        b'data: {"a": 1}\n\ndata: {"b": 2}\n\n',
        b'data: {"a": 1}\r\n\r\ndata: {"b": 2}\r\n\r\n',
        b'data: {"a": 1}\r\rdata: {"b": 2}\r\r',
        b': keep-alive\n\ndata:{"a": 1}\n\nid: 3\nretry: 5\ndata: {"b": 2}\n\n',
        b'data: {"a": 1}\ndata: {"b": 2}\n',
        b'data: {"a":\ndata:  1}\n\ndata: {"b": 2}',
        b'\xef\xbb\xbf\ndata: {"a": 1}\n\ndata: {"b": 2}\n\ndata: {"cut',
    ],
)
@pytest.mark.parametrize("kind", [SSE, "application/octet-stream"])
def test_server_sent_events_in_every_form(body: bytes, kind: str) -> None:
    """Line ends, comments, split data, forgotten blank lines, a cut end, and a wrong content type do no harm."""
    assert read_body(response(body, kind=kind)) == Body(events=({"a": 1}, {"b": 2}))


@pytest.mark.parametrize("kind", ["application/json", SSE, ""])
@pytest.mark.parametrize("body", [b'{"a":[1,{"b":null}]}', b"{}", b'[{"a":1},2]', b"[]"])
def test_a_body_that_a_tape_holds_as_json_reads_as_its_bytes_do(body: bytes, kind: str) -> None:
    """Only that it is not written and parsed for it."""
    plain = response(body, kind=kind)
    held = replace(plain, body=stored(body_data(body)))
    assert read_body(held) == read_body(plain)


def test_the_end_marker_and_event_names() -> None:
    """`[DONE]` is remembered; a name on the event line is the type of an event without one."""
    body = b'event: x\ndata: {"a": 1}\n\nevent: y\ndata: {"type": "z"}\n\ndata: [DONE]\n\n'

    assert read_body(response(body, kind=SSE)) == Body(events=({"type": "x", "a": 1}, {"type": "z"}), done=True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": 1}', Body(data={"a": 1})),
        (b' \n{"a": 1}\n', Body(data={"a": 1})),
        (b'{"a": 1}\n{"b": 2}\n', Body(events=({"a": 1}, {"b": 2}))),
        (b'[{"a": 1},\n{"b": 2}]', Body(data=[{"a": 1}, {"b": 2}], events=({"a": 1}, {"b": 2}))),
        (b'[{"a": 1},\n{"b"', Body(events=({"a": 1},))),
        (b'{"a": ', Body()),
        (b"", Body()),
        (b"text", Body()),
        (b"null", Body()),
    ],
)
def test_json_bodies(body: bytes, expected: Body) -> None:
    """One object is an answer; lines and arrays of objects are a stream."""
    assert read_body(response(body)) == expected


def test_a_damaged_aws_stream_yields_what_is_whole() -> None:
    """Lengths that lie do not lead astray."""
    whole = aws_message({"a": 1}, "x")
    kind = "application/vnd.amazon.eventstream"

    assert read_body(response(whole + whole[:20], kind=kind)).events == ({"x": {"a": 1}},)
    assert read_body(response(b"\0\0\0\0" + whole, kind=kind)).events == ()
    assert read_body(response(b"\xff" * 40, kind=kind)).events == ()
