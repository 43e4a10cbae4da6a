"""How far a streamed answer was read."""

from __future__ import annotations

import gzip
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from pytest_llmtrace._capture.asked import Asked
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.faults import Faults
from pytest_llmtrace._capture.labels import Labels
from pytest_llmtrace._capture.wire.reading import as_read, watch
from pytest_llmtrace._model.http import HttpRequest, HttpResponse

EVENTS = [b"data: 1\n\n", b"data: 2\r\n\r\n", b"data: [DONE]\n\n"]
BODY = b"".join(EVENTS)
KIND = "text/event-stream; charset=utf-8"

observer: Any = SimpleNamespace(faults=Faults())


def exchange() -> Exchange:
    return Exchange(asked=Asked(HttpRequest(method="POST", url="http://h"), "k"), told_llm=True, labels=Labels())


def answer(body: bytes = BODY, kind: str = KIND, **headers: str) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": kind, **headers}, stream=httpx.ByteStream(body))


def test_events_are_handed_over_one_by_one() -> None:
    """Together they are the body; each that was asked for is counted."""
    asked = exchange()
    chunks = watch(answer(), (observer, asked)).iter_bytes()

    assert next(chunks) == EVENTS[0]
    assert asked.events_read == 1
    assert list(chunks) == EVENTS[1:]
    assert asked.events_read == 3


def test_a_compressed_stream_is_handed_over_plain() -> None:
    """Or there would be no events to count; what the client reads is the same."""
    packed = answer(gzip.compress(BODY), **{"content-encoding": "gzip", "content-length": "9"})

    watched = watch(packed, (observer, exchange()))

    assert watched.read() == BODY
    assert "content-encoding" not in watched.headers


@pytest.mark.parametrize("kind", ["application/json", ""])
def test_other_answers_are_left_alone(kind: str) -> None:
    """They come in one piece anyway."""
    asked, given = exchange(), answer(kind=kind)
    stream = given.stream

    assert watch(given, (observer, asked)).stream is stream
    assert asked.events_read is None
    assert watch(given, None) is given
    assert watch("no response at all", (observer, asked)) == "no response at all"


@pytest.mark.parametrize(
    ("name", "kind", "events"), [("content-type", KIND, 0), ("Content-Type", "application/json", None)]
)
def test_what_a_tape_says_of_an_answer_decides(name: str, kind: str, events: int | None) -> None:
    """One that is no stream there is not asked for its headers, which takes a client long; a stream is watched."""
    asked = exchange()
    recorded = HttpResponse(status=200, headers=((name, kind),), body=BODY)
    asked.played(recorded, recorded, "tape")

    watch(answer(), (observer, asked))

    assert asked.events_read == events


def test_lines_are_events_where_no_blank_line_parts_them() -> None:
    """Ollama and Cohere stream lines of JSON; the last may lack its end."""
    response = HttpResponse(status=200, body=b'{"a":1}\n{"b":2}\n{"c":3}')

    assert [as_read(response, number).body for number in range(4)] == [
        b"",
        b'{"a":1}\n',
        b'{"a":1}\n{"b":2}\n',
        b'{"a":1}\n{"b":2}\n{"c":3}',
    ]
