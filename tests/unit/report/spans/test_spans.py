"""Traces as OpenTelemetry spans: what they say, that protobuf reads them, and that they are the same each time."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status, TracesData

from pytest_llmtrace._model.trace import Attempt, CallError, Event, FailedCall, ToolCall, Trace
from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace._report.spans.conventions import call_attributes, tool_attributes
from pytest_llmtrace._report.spans.from_trace import spans
from pytest_llmtrace._report.spans.otlp import otlp_document
from tests.unit.report.builders import TEST, asked_for, call, chat, said

BEGINS = 1_000_000_000_000_000_000
MS = 1_000_000
SCHEMA = {"name": "refund", "description": "Refunds.", "parameters": {"type": "object", "properties": {}}}


def agent() -> Trace:
    """A test in which a model asks for a tool, which is executed, and then answers."""
    asked = [said("system", "Be kind."), said("user", "Refund 1")]
    wants = asked_for("refund", '{"order": 1}')
    result = said("tool", "done", tool_call_id="call_1")
    params = {
        "temperature": 0,
        "max_completion_tokens": 50,
        "seed": 7,
        "stop": "X",
        "response_format": {"type": "json"},
    }
    usage = Usage(input_tokens=100, output_tokens=10, cache_read_tokens=40, cache_write_tokens=5, reasoning_tokens=3)
    first = call(
        asked,
        wants,
        params=params,
        tools=(SCHEMA, {"type": "web_search", "name": "web_search"}),
        usage=usage,
        finish_reason="tool_calls",
        response_model="gpt-4o-mini-2024-07-18",
        agent="lead",
        session="s1",
        streamed=True,
    )
    ran = ToolCall(name="refund", arguments={"order": 1}, result="done", call_id="call_1", executed=True)
    event = Event(name="compaction", data={"replaced": 2})
    last = call([*asked, wants, result], said("assistant", "Done."), agent="lead", session="s1", finish_reason="stop")
    return Trace(owner=TEST, entries=(first, ran, event, last))


def test_the_spans_of_a_test():
    """One for the test, below it its agent, below that each call and each tool execution once; events on the first."""
    root, lead, first, tool, last = spans(agent(), BEGINS)

    assert [(one.name, one.kind) for one in (root, lead, first, tool, last)] == [
        (TEST, "internal"),
        ("invoke_agent lead", "internal"),
        ("chat gpt-4o-mini", "client"),
        ("execute_tool refund", "internal"),
        ("chat gpt-4o-mini", "client"),
    ]
    assert {one.trace_id for one in (lead, first, tool, last)} == {root.trace_id}
    assert [one.parent_id for one in (root, lead, first, tool, last)] == [None, root.span_id, *[lead.span_id] * 3]
    assert len({one.span_id for one in (root, lead, first, tool, last)}) == 5
    assert [(one.begins - BEGINS, one.ends - BEGINS) for one in (root, lead, first, tool, last)] == [
        (0, 4 * MS),
        (0, 4 * MS),
        (0, MS),
        (MS, 2 * MS),
        (3 * MS, 4 * MS),
    ]
    assert root.attributes == {
        "test.case.name": TEST,
        "llmtrace.calls": 2,
        "llmtrace.cost_usd": 0.0002,
        "llmtrace.times": "synthetic",
    }
    assert lead.attributes == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "lead",
        "gen_ai.conversation.id": "s1",
        "test.case.name": TEST,
    }
    (event,) = root.events
    assert (event.name, event.at, event.attributes) == (
        "compaction",
        BEGINS + 2 * MS,
        {"llmtrace.data": '{"replaced":2}'},
    )


def test_a_call_in_the_terms_of_the_conventions():
    """Operation, provider, models, parameters, usage with its parts, messages and tools: each under its name."""
    _, _, first, tool, _ = spans(agent(), BEGINS)

    attributes = dict(first.attributes)
    messages = json.loads(attributes.pop("gen_ai.input.messages"))
    output = json.loads(attributes.pop("gen_ai.output.messages"))
    tools = json.loads(attributes.pop("gen_ai.tool.definitions"))
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.max_tokens": 50,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ("X",),
        "gen_ai.request.stream": True,
        "gen_ai.output.type": "json",
        "gen_ai.agent.name": "lead",
        "gen_ai.conversation.id": "s1",
        "gen_ai.response.finish_reasons": ("tool_calls",),
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 40,
        "gen_ai.usage.cache_write.input_tokens": 5,
        "gen_ai.usage.cache_creation.input_tokens": 5,
        "gen_ai.usage.reasoning.output_tokens": 3,
        "test.case.name": TEST,
        "llmtrace.conversation": "lead",
        "llmtrace.turn": 1,
        "llmtrace.cost_usd": 0.0001,
    }
    assert messages == [
        {"role": "system", "parts": [{"type": "text", "content": "Be kind."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Refund 1"}]},
    ]
    request = {"type": "tool_call", "id": "call_1", "name": "refund", "arguments": {"order": 1}}
    assert output == [{"role": "assistant", "parts": [request], "finish_reason": "tool_call"}]
    assert tools == [{"type": "function", **SCHEMA}, {"type": "web_search", "name": "web_search"}]
    assert tool.attributes == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "refund",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_1",
        "gen_ai.tool.call.arguments": '{"order":1}',
        "gen_ai.tool.call.result": "done",
        "gen_ai.agent.name": "lead",
        "gen_ai.conversation.id": "s1",
        "test.case.name": TEST,
        "llmtrace.executed": True,
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"provider": "bedrock", "operation": "converse"}, ("chat", "aws.bedrock")),
        ({"provider": "gemini", "operation": "generate_content"}, ("generate_content", "gcp.gemini")),
        ({"provider": "ollama", "operation": "ollama_generate"}, ("text_completion", "ollama")),
        ({"provider": "openai", "operation": "embeddings"}, ("embeddings", "openai")),
        ({"provider": "", "operation": "chat"}, ("chat", "unknown")),
    ],
)
def test_names_of_operations_and_providers(fields, expected):
    """What the conventions have a name for has that name; the rest keeps its own."""
    found = call_attributes(call([said("user", "x")], **fields))
    assert (found["gen_ai.operation.name"], found["gen_ai.provider.name"]) == expected


def test_messages_of_other_kinds():
    """Instructions that the API takes apart stand apart; reasoning, media and tool results are parts of their kinds."""
    image = {"type": "image", "media_type": "image/png", "digest": "12", "bytes": 3}
    messages = [
        said("system", "Be kind."),
        said("user", [{"type": "text", "text": "See"}, {"type": "image", "url": "http://x/y.png"}, image]),
        said("tool", "rain", tool_call_id="c1"),
    ]
    answer = said("assistant", "Hm.", reasoning=[{"text": "so "}, {"thinking": "what"}], refusal="No.")
    found = call_attributes(call(messages, answer, operation="messages", finish_reason="max_tokens"))

    assert json.loads(found["gen_ai.system_instructions"]) == [{"type": "text", "content": "Be kind."}]
    assert json.loads(found["gen_ai.input.messages"]) == [
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "See"},
                {"type": "uri", "modality": "image", "uri": "http://x/y.png"},
                image,
            ],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}]},
    ]
    assert json.loads(found["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "so what"},
                {"type": "text", "content": "Hm."},
                {"type": "refusal", "content": "No."},
            ],
            "finish_reason": "length",
        }
    ]


def test_the_server_is_that_of_the_last_try():
    """Its port is a number; a call that made no request, and one that was read from a golden trace, has none."""
    tries = [
        Attempt(status=429, source="live", server="a.example:443"),
        Attempt(status=200, source="live", server="::1:8"),
    ]
    found = [
        call_attributes(call(attempts=tuple(made))) for made in (tries, tries[:1], [replace(tries[0], server=None)], [])
    ]
    assert [(one.get("server.address"), one.get("server.port")) for one in found] == [
        ("::1", 8),
        ("a.example", 443),
        (None, None),
        (None, None),
    ]


def test_nothing_that_was_said_is_in_spans_without_content():
    """No message, instruction, argument, result, data of an event or text of an error: names, numbers and kinds."""
    entries = agent().entries
    error = CallError(type="rate_limit_error", message="Slow down, Refund 1.", status=429)
    failed = replace(entries[3], status="error", error=error)
    trace = Trace(owner=TEST, entries=(*entries[:1], replace(entries[1], error="ValueError: done"), entries[2], failed))
    made = spans(trace, BEGINS, content=False)
    said = str([(one.name, one.attributes, one.events, one.error) for one in made])

    assert [word for word in ("Be kind", "Refund 1", "Done", "done", "order", "Slow", "replaced") if word in said] == []
    assert json.loads(made[2].attributes["gen_ai.tool.definitions"]) == [
        {"type": "function", "name": "refund"},
        {"type": "web_search", "name": "web_search"},
    ]
    assert [one.error for one in made] == [None, None, None, "ValueError", "rate_limit_error"]


def test_tools_that_the_provider_executes_have_a_type_and_a_name():
    """Each definition has both, whatever the provider calls them."""
    tools = ({"type": "web_search", "search_context_size": "low"}, {"googleSearch": {}}, {"name": "a"})
    found = call_attributes(call([said("user", "x")], tools=tools))

    assert json.loads(found["gen_ai.tool.definitions"]) == [
        {"type": "web_search", "name": "web_search", "search_context_size": "low"},
        {"type": "googleSearch", "name": "googleSearch", "googleSearch": {}},
        {"type": "function", "name": "a"},
    ]


def test_failures_are_errors_with_a_type():
    """A failed call has its provider's error, a cancelled one says so, and what replaced it names it."""
    error = CallError(type="rate_limit_error", message="Slow down.", status=429)
    failed = call([said("user", "x")], status="error", error=error, usage=None, cost=None)
    cut = replace(failed, status="cancelled", error=None)
    instead = call([said("user", "x")], said("assistant", "y"), fallback_from=FailedCall(model="a/b", error="E"))
    made = spans(Trace(owner=TEST, entries=(failed, cut, instead)), BEGINS)

    assert [
        (one.error, one.attributes.get("error.type"), one.attributes.get("llmtrace.status")) for one in made[1:]
    ] == [
        ("Slow down.", "rate_limit_error", "error"),
        ("cancelled", "cancelled", "cancelled"),
        (None, None, None),
    ]
    assert made[3].attributes["llmtrace.fallback_from"] == "a/b"
    assert "llmtrace.cost_usd" not in made[1].attributes
    assert tool_attributes(ToolCall(name="t", error="ValueError: no"))["error.type"] == "ValueError"


def test_measured_times_count():
    """Where a trace has times, spans have them: a call of two seconds that began after one, and what ran inside."""
    first, ran, event, last = agent().entries
    entries = (
        replace(first, started=1.0, duration=2.0),
        replace(ran, started=3.5, duration=0.25),
        replace(event, started=4.0),
        replace(last, started=4.5, duration=0.5),
    )
    made = spans(Trace(owner=TEST, entries=entries), BEGINS)

    seconds = [((one.begins - BEGINS) / 1e9, (one.ends - BEGINS) / 1e9) for one in made]
    assert seconds == [(0, 5.0), (1.0, 5.0), (1.0, 3.0), (3.5, 3.75), (4.5, 5.0)]
    assert made[2].attributes["llmtrace.source"] == "tape"  # a replay takes no time, which is to be known
    assert (made[0].events[0].at - BEGINS, made[0].attributes["llmtrace.times"]) == (4 * 10**9, "measured")


def test_ids_are_those_of_the_content():
    """The same trace has the same ids at any time; another answer has others."""
    one, later = spans(agent(), BEGINS), spans(agent(), 2 * BEGINS)
    other = spans(replace(agent(), entries=agent().entries[:-1]), BEGINS)

    assert [span.span_id for span in one] == [span.span_id for span in later]
    assert one[0].trace_id == later[0].trace_id != other[0].trace_id


def test_protobuf_reads_the_document():
    """The JSON is what opentelemetry-proto's messages are in JSON, ids aside, which OTLP has in hexadecimal."""
    failed = call([said("user", "\ud800")], status="error", error=CallError(type="e", message="m"), usage=None)
    traces = [agent(), Trace(owner="t.py::other", entries=(*chat(1), failed))]
    found = [span for trace in traces for span in spans(trace, BEGINS)]
    text = "".join(otlp_document(found, resource={"service.name": "shop"}, version="1.2"))

    assert text.endswith("}\n")
    assert text.count("\n") == 1
    read = ParseDict(_ids_as_bytes(json.loads(text)), TracesData())

    (resource,) = read.resource_spans
    (scope,) = resource.scope_spans
    assert [(one.key, one.value.string_value) for one in resource.resource.attributes] == [("service.name", "shop")]
    assert (scope.scope.name, scope.scope.version) == ("pytest_llmtrace", "1.2")
    assert [one.name for one in scope.spans] == [one.name for one in found]
    assert {len(one.trace_id) for one in scope.spans} == {16}
    assert {len(one.span_id) for one in scope.spans} == {8}
    first, *_ = [one for one in scope.spans if one.name == "chat gpt-4o-mini"]
    values = {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in first.attributes}
    assert (first.kind, first.start_time_unix_nano) == (ProtoSpan.SPAN_KIND_CLIENT, BEGINS)
    assert (values["gen_ai.usage.input_tokens"], values["gen_ai.request.stream"]) == (100, True)
    assert [one.string_value for one in values["gen_ai.response.finish_reasons"].values] == ["tool_calls"]
    assert values["gen_ai.request.temperature"] == 0.0
    (event,) = scope.spans[0].events
    assert (event.name, event.time_unix_nano) == ("compaction", BEGINS + 2 * MS)
    assert [(one.status.code, one.status.message) for one in scope.spans if one.status.code] == [
        (Status.STATUS_CODE_ERROR, "m")
    ]


def test_a_document_without_spans():
    """Nothing recorded is a document all the same."""
    read = ParseDict(json.loads("".join(otlp_document([], resource={"service.name": "x"}, version="1"))), TracesData())
    assert [len(scope.spans) for resource in read.resource_spans for scope in resource.scope_spans] == [0]


def _ids_as_bytes(value: Any) -> Any:
    """The document as protobuf's own JSON mapping has it: bytes in base64."""
    if isinstance(value, dict):
        return {
            key: base64.b64encode(bytes.fromhex(item)).decode()
            if key in {"traceId", "spanId", "parentSpanId"}
            else _ids_as_bytes(item)
            for key, item in value.items()
        }
    return [_ids_as_bytes(item) for item in value] if isinstance(value, list) else value
