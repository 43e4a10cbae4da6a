"""OpenTelemetry's instrumentation of httpx beside ours: spans are made, and each call is captured once."""

import pytest

HEAD = """
    import httpx
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = HTTPXClientInstrumentor()

    def post(text):
        said = {{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": text}}]}}
        return httpx.post({url!r} + "/chat/completions", json=said).json()["choices"][0]["message"]["content"]

    def spans():
        found = len(exporter.get_finished_spans())
        exporter.clear()
        return found
"""

BEFORE = """
    instrumentor.instrument(tracer_provider=provider)

    @pytest.fixture(scope="module", autouse=True)
    def afterwards():
        yield
        instrumentor.uninstrument()

    def test_one():
        assert [post("a"), post("b")] == ["You said: a", "You said: b"]
        assert spans() == 2
"""

AFTER = """
    def test_one():
        post("before")
        instrumentor.instrument(tracer_provider=provider)
        try:
            post("within")
            assert spans() == 1
        finally:
            instrumentor.uninstrument()
        post("after")
        assert spans() == 0

    def test_two():
        post("and in the next test")
"""


def test_vcrpy_that_is_imported_after_the_instrumentation_makes_no_second_span(project):
    """In a process of its own vcrpy finds httpx instrumented already."""
    pytest.importorskip("opentelemetry.instrumentation.httpx")
    project.write(HEAD.format(url=project.provider.openai_url) + BEFORE)
    recorded = project.run("--llm-record", own_process=True)
    assert (recorded.exit, recorded.requests) == (0, 2), recorded.text


@pytest.mark.parametrize(("body", "calls"), [(BEFORE, 2), (AFTER, 4)], ids=["at import", "within a test"])
def test_spans_are_made_and_calls_are_captured_once(project, body, calls):
    """Instrumented before our patches or after, and taken away in the middle: recording and replay see each call."""
    pytest.importorskip("opentelemetry.instrumentation.httpx")
    project.write(HEAD.format(url=project.provider.openai_url) + body)
    recorded = project.record()
    assert (recorded.requests, recorded.report["totals"]["calls"]) == (calls, calls)
    project.provider.stop()
    replayed = project.replay()
    assert replayed.exit == 0, replayed.text
    assert replayed.report["totals"]["calls"] == calls
