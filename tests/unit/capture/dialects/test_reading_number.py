"""What is read of an interaction is part of a format: tapes hold outlines of it."""

from __future__ import annotations

import json
from dataclasses import fields

from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.outline import READING
from pytest_llmtrace._model.trace import LLMCall
from tests.unit.capture.dialects.test_mutations import BODIES

READINGS = {1: "7fd9facd52590f7e1a8e0c6a4b7b28f6"}


def test_what_is_read_of_known_bodies_changes_with_the_number_of_the_reading_alone() -> None:
    """Where it changed, raise `READING`, so that the outlines of older tapes are void, and add its digest here."""
    read = []
    for url, asked, events in BODIES.values():
        request = HttpRequest(method="POST", url=url, body=json.dumps(asked).encode())
        stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        for kind, text in (("application/json", json.dumps(events[0])), ("text/event-stream", stream)):
            response = HttpResponse(status=200, headers=(("content-type", kind),), body=text.encode())
            table = MessageTable()
            call = parse_request(request, table)
            assert call is not None
            made = parse_response(call, response, table)
            read.append({one.name: repr(getattr(made, one.name)) for one in fields(LLMCall)})
    assert digest(canonical_json(read)) == READINGS[READING]
