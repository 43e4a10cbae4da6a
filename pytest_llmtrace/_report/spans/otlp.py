"""Spans as OTLP JSON: what `/v1/traces` of a collector takes.

The mapping is protobuf's with OpenTelemetry's exceptions (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding):
ids are hexadecimal, enumerations are numbers; 64-bit integers are texts, names are in camel case.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._report.plain import plain
from pytest_llmtrace._report.spans.span import Attribute, Span

_KINDS: Final = {"internal": 1, "client": 3}
_ERROR: Final = 2
_SCOPE: Final = "pytest_llmtrace"


def otlp_document(found: Iterable[Span], *, resource: Mapping[str, Attribute], version: str) -> Iterator[str]:
    """One document with one resource, in pieces: however many spans there are, one at a time is held.

    It is a single line, so that it is also what readers of files with a document per line expect.
    """
    of = _json({"attributes": _attributes(resource)})
    scope = _json({"name": _SCOPE, "version": version})
    yield f'{{"resourceSpans":[{{"resource":{of},"scopeSpans":[{{"scope":{scope},"spans":['
    for number, span in enumerate(found):
        yield ("," if number else "") + _json(span_data(span))
    yield "]}]}]}\n"


def span_data(span: Span) -> dict[str, Any]:
    """One span."""
    made: dict[str, Any] = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        **({"parentSpanId": span.parent_id} if span.parent_id else {}),
        "name": span.name,
        "kind": _KINDS[span.kind],
        "startTimeUnixNano": str(span.begins),
        "endTimeUnixNano": str(span.ends),
        "attributes": _attributes(span.attributes),
    }
    if span.events:
        made["events"] = [
            {"timeUnixNano": str(event.at), "name": event.name, "attributes": _attributes(event.attributes)}
            for event in span.events
        ]
    if span.error is not None:
        made["status"] = {"code": _ERROR, "message": span.error}
    return made


def _attributes(attributes: Mapping[str, Attribute]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: Attribute) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    return {"arrayValue": {"values": [_value(item) for item in value]}}


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(plain(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
