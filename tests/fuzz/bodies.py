"""Requests and answers: whatever an application sends and whatever comes back is read, and never raises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from pytest_llmtrace._capture.dialects import DIALECTS
from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._capture.dialects.tokens import estimate_usage
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._capture.wire.reading import as_read
from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES
from pytest_llmtrace._model.content import decoded
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.redaction import PLACEHOLDER, Redactor
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace._store.bodies import body_data, read_body
from pytest_llmtrace._store.golden_file import Golden, dump_golden, load_golden
from pytest_llmtrace.errors import StorageError
from tests.fuzz import seeds
from tests.fuzz.target import of_bytes
from tests.unit.capture.dialects.test_hostile import CALLS
from tests.unit.store.test_bodies import meaning

ENCODINGS: Final = ("gzip", "deflate", "br", "zstd", "gzip, deflate", "x-gzip", "identity")


def request(data: bytes) -> None:
    """A request is read as an open call or as none, the same each time; its tokens and its price can be told."""
    url, _, body = data.partition(b"\n")
    sent = HttpRequest(method="POST", url=url.decode("utf-8", "replace"), body=body)
    call = parse_request(sent, MessageTable())
    assert call == parse_request(sent, MessageTable())
    if call is not None:
        assert call.status == "open"
        _priced(call, estimate_usage(call))
        _kept(replace(call, status="ok"))


def answer(data: bytes) -> None:
    """An answer finishes its call, the same each time; its tokens and price are numbers; a golden trace keeps it."""
    asked, response = _asked(data)
    call = parse_response(asked, response, MessageTable())
    assert call.status in ("ok", "error", "abandoned")
    assert (call.error is not None) == (call.status == "error")
    assert repr(call) == repr(parse_response(asked, response, MessageTable()))  # NaN is not equal to itself
    assert call.error is None or "Error: " not in call.error.message or call.error.type != "unreadable_response"
    _priced(call, call.usage if call.usage is not None else estimate_usage(call))
    _kept(call)
    redacted = Redactor().response(response).body
    assert redacted == response.body or PLACEHOLDER.encode() in redacted


def stream(data: bytes) -> None:
    """A stream that ends anywhere is read as far as it goes, and what was read of it is its beginning."""
    asked, response = _asked(data)
    body = response.body
    for cut in {0, len(body) // 3, len(body) // 2, max(len(body) - 3, 0), max(len(body) - 1, 0)}:
        short = HttpResponse(status=200, headers=response.headers, body=body[:cut])
        assert parse_response(asked, short, MessageTable()).status in ("ok", "error", "abandoned")
    for events in range(4):
        assert body.startswith(as_read(response, events).body)


def body(data: bytes) -> None:
    """A body that a file holds is read back with the same meaning; undoing any encoding never raises."""
    assert meaning(bytes(read_body(body_data(data)))) == meaning(data)
    for encoding in ENCODINGS:
        decoded(data, encoding)


def _asked(data: bytes) -> tuple[LLMCall, HttpResponse]:
    """A call of the dialect that the first byte names, and its answer of the content type that the second one names."""
    first, second = data[:1] or b"\0", data[1:2] or b"\0"
    url, asked = CALLS[DIALECTS[first[0] % len(DIALECTS)].operation]
    call = parse_request(HttpRequest(method="POST", url=url, body=seeds.as_json(asked)), MessageTable())
    assert call is not None
    kind = seeds.KINDS[second[0] % len(seeds.KINDS)]
    return call, HttpResponse(status=200, headers=(("content-type", kind),), body=data[2:])


def _priced(call: LLMCall, usage: Usage) -> None:
    counted = {name: value for name, value in usage.to_data().items() if name != "estimated"}
    assert all(type(value) is int and value >= 0 for value in counted.values())
    cost = PriceBook().cost(call.model, call.provider, usage, call.operation, call.params)
    assert cost is None or 0 <= cost < float("inf")
    assert call.cost is None or 0 <= call.cost < float("inf")


def _kept(call: LLMCall) -> None:
    trace = Trace(owner="tests/test_a.py::test_a", entries=(call,))
    try:
        text = dump_golden(Golden(test=trace.owner, trace=trace, totals=totals(trace.calls)))
    except StorageError:
        return  # nested deeper than a file may
    (read,) = load_golden(text, Path("a.trace.yaml")).trace.calls
    assert compare(trace, Trace(owner=trace.owner, entries=(read,)), POLICIES["exact"]) == ()


TARGETS: Final = (
    of_bytes("request", request.__doc__ or "", request, seeds.requests),
    of_bytes("answer", answer.__doc__ or "", answer, seeds.answers),
    of_bytes("stream", stream.__doc__ or "", stream, seeds.streams),
    of_bytes("body", body.__doc__ or "", body, lambda: [one[2:] for one in seeds.answers()]),
)
