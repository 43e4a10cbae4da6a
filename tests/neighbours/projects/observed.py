"""logfire and OpenTelemetry: spans of each call, and exports of them that are no part of a test."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import logfire
import openai
import pytest
from asking import URL
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

SAID = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "watched"}]}


def test_spans_of_logfire(capfire, llm_trace):
    logfire.instrument_httpx()
    with openai.OpenAI(base_url=URL, api_key="sk-neighbour-0123456789", max_retries=0) as client:
        logfire.instrument_openai(client)
        client.chat.completions.create(**SAID)
    httpx.post(f"{URL}/chat/completions", json=SAID)
    names = [span["name"] for span in capfire.exporter.exported_spans_as_dict()]
    assert sorted(names) == ["Chat Completion with {request_data[model]!r}", "POST"]
    assert len(llm_trace.calls) == 2


@pytest.fixture
def collector():
    exports = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            exports.append(self.path)
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", exports
        server.shutdown()


def test_spans_reach_a_local_collector(collector):
    endpoint, exports = collector
    export(endpoint)
    assert exports == ["/v1/traces"]


def test_exports_to_the_port_of_the_provider_stay_here():
    export(f"{URL}/traces")


def export(endpoint):
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    with provider.get_tracer("tests").start_as_current_span("asking"):
        httpx.post(f"{URL}/chat/completions", json=SAID)
    assert provider.force_flush()
    provider.shutdown()
