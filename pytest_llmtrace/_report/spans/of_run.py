"""The spans of a run: one trace per test, made of what its process saw and of what became of it.

The process that ran a test makes plain data of its spans (`span_rows`), which ride along with what reports need; the
controller, which alone knows the outcome, makes spans of them (`run_spans`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final
from urllib.parse import unquote

from pytest_llmtrace import __version__
from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace._report.document.attempts import Owner, Payload, owners
from pytest_llmtrace._report.plain import plain
from pytest_llmtrace._report.spans.from_trace import spans
from pytest_llmtrace._report.spans.otlp import otlp_document
from pytest_llmtrace._report.spans.span import Attribute, Span, SpanEvent, digits
from pytest_llmtrace._report.topics.outcome import FAILED

_SECOND: Final = 1_000_000_000
_SERVICE: Final = "pytest-llmtrace"


def span_rows(trace: Trace, began: float, redact: Callable[[str], str], *, content: bool) -> list[dict[str, Any]]:
    """The spans of a trace as plain data.

    Args:
        trace: What a test did.
        began: When it began, in seconds since 1970.
        redact: Removes secrets from a text.
        content: Whether what was said is in them.
    """
    made = spans(trace, round(began * _SECOND), content=content)
    return [_redacted(plain(asdict(one)), redact) for one in made]


def run_spans(document: Mapping[str, Any], payloads: Sequence[Payload]) -> Iterator[list[Span]]:
    """The spans of each test and fixture in turn, its own first.

    Ids are made of the test, the moment in which it began and what it did: a test is another trace in each run.

    Args:
        document: The report document.
        payloads: What it was drawn from, with `spans` that `span_rows` made.
    """
    rows = {(row["nodeid"], ""): row for row in document["tests"]}
    rows |= {(row["nodeid"], row["golden"] or ""): row for row in document.get("fixtures", ())}
    for owner in owners(payloads):
        place = (owner.golden or "") if owner.fixture else ""
        found = [list(map(_span, payload["spans"])) for payload in owner.last if payload.get("spans")]
        if found:
            yield _joined(owner, found, rows[owner.nodeid, place])


def run_resource(payloads: Sequence[Payload], environment: Mapping[str, str]) -> dict[str, str]:
    """The attributes of the one resource of a run; `service.instance.id` tells it from other runs.

    https://opentelemetry.io/docs/specs/otel/resource/sdk/: pairs ``key=value`` with commas between them, values
    percent-encoded; OTEL_SERVICE_NAME beats a `service.name` among them. What is no pair is left out.
    """
    seen = sorted(f"{one['trace_id']} {one['begins']}" for made in payloads for one in made.get("spans", ())[:1])
    pairs = (one.partition("=") for one in environment.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","))
    named = {key.strip(): unquote(value.strip()) for key, mark, value in pairs if mark and key.strip()}
    service = environment.get("OTEL_SERVICE_NAME", "").strip()
    made = {"service.name": _SERVICE, "service.instance.id": digits(" ".join(seen), 32), **named}
    return {**made, "service.name": service} if service else made


def span_lines(
    document: Mapping[str, Any], payloads: Sequence[Payload], environment: Mapping[str, str]
) -> Iterator[str]:
    """An OTLP document a line, and a test a document: what collectors write to files, and read from them."""
    resource = run_resource(payloads, environment)
    for made in run_spans(document, payloads):
        yield "".join(otlp_document(made, resource=resource, version=__version__))


def _joined(owner: Owner, found: list[list[Span]], row: Mapping[str, Any]) -> list[Span]:
    """One span for the test, below it what all phases and runs of its last attempt did."""
    roots = [one[0] for one in found]
    first = roots[0]
    kinds = sorted({one["kind"] for one in row["findings"] if one["type"] == "drift" and one["severity"] != "ignore"})
    failed = row["outcome"] in FAILED
    took = round((row.get("duration_s") or 0.0) * _SECOND)
    test = replace(
        first,
        ends=max(first.begins + took, *(one.ends for one in roots)),
        events=tuple(event for one in roots for event in one.events),
        attributes={**first.attributes, **_outcome(row, kinds, failed=failed)},
        error=(f"drift: {', '.join(kinds)}" if kinds else str(row["outcome"])) if failed else None,
    )
    trace_id = digits(f"{owner.nodeid} {first.begins} {first.trace_id}", 32)
    top = digits(trace_id, 16)
    made = [replace(test, trace_id=trace_id, span_id=top)]
    for number, group in enumerate(found):
        ids = {one.span_id: digits(f"{trace_id} {number} {one.span_id}", 16) for one in group}
        ids[group[0].span_id] = top
        made += [
            replace(one, trace_id=trace_id, span_id=ids[one.span_id], parent_id=ids[one.parent_id or ""])
            for one in group[1:]
        ]
    return made


def _outcome(row: Mapping[str, Any], kinds: list[str], *, failed: bool) -> dict[str, Attribute]:
    """What became of a test, and what all of it came to."""
    known: dict[str, Attribute | None] = {
        "test.case.result.status": "fail" if failed else "pass" if row["outcome"] == "passed" else None,
        "llmtrace.outcome": row["outcome"],
        "llmtrace.mode": row["mode"],
        "llmtrace.drift": tuple(kinds) or None,
        "llmtrace.findings": len(row["findings"]),
        "llmtrace.calls": row["calls"],
        "llmtrace.live_calls": row["live_calls"],
        "llmtrace.cost_usd": None if row["cost_usd"] is None else float(row["cost_usd"]),
    }
    return {name: value for name, value in known.items() if value is not None}


def _span(data: Mapping[str, Any]) -> Span:
    events = (SpanEvent(**{**one, "attributes": _attributes(one["attributes"])}) for one in data["events"])
    return Span(**{**data, "attributes": _attributes(data["attributes"]), "events": tuple(events)})


def _attributes(data: Mapping[str, Any]) -> dict[str, Attribute]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}


def _redacted(data: dict[str, Any], redact: Callable[[str], str]) -> dict[str, Any]:
    """A span without secrets in what others said; ids and the names of attributes are ours."""
    return {
        **data,
        "name": redact(data["name"]),
        "attributes": _without_secrets(data["attributes"], redact),
        "events": [
            {**one, "name": redact(one["name"]), "attributes": _without_secrets(one["attributes"], redact)}
            for one in data["events"]
        ],
        "error": None if data["error"] is None else redact(data["error"]),
    }


def _without_secrets(attributes: Mapping[str, Any], redact: Callable[[str], str]) -> dict[str, Any]:
    return {
        name: [redact(str(one)) for one in value]
        if isinstance(value, list)
        else redact(value)
        if isinstance(value, str)
        else value
        for name, value in attributes.items()
    }
