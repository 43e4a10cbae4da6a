"""`--llm-otlp`: what arrives at a collector, what does not, and what a run says where none listens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.collector import Collector, attributes, tree
from tests.plugin.conftest import Project, Ran

KEY = "Basic cGstbGYtMTIzOnNrLWxmLTQ1Ng=="
SECRET = "sk-proj-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"
SOURCE = f"""
    import pytest_llmtrace as llmtrace

    @llmtrace.tool
    def refund(order):
        return "done"

    def test_agent():
        with llmtrace.agent("lead", session="s1"):
            assert chat("Refund 123, please") == "You said: Refund 123, please"
            refund(order=123)
            with llmtrace.agent("clerk", session="s2"):
                chat("File it. My key is {SECRET}")

    def test_plain():
        chat("before")
"""
BY_HAND = """
    import pytest_llmtrace as llmtrace

    def ask(text):
        said = [{"role": "user", "content": text}]
        with llmtrace.call(provider="openai", model="gpt-4o-mini", messages=said) as call:
            call.output = "Paris"
            call.usage = {"prompt_tokens": 10, "completion_tokens": 2}

    def test_one():
        ask("one")

    def test_two():
        ask("two")
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as started:
        yield started


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of OpenTelemetry's variables but those that a test sets."""
    for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


def warnings(ran: Ran) -> str:
    """What a run says of its spans, blanks and line ends as one."""
    found = re.search(r"warning: (spans: .*?)(?=warning: |=====|$)", re.sub(r"\s+", " ", ran.text))
    return found.group(1).strip() if found else ""


def known(span: Any) -> dict[str, Any]:
    """The attributes of a span."""
    return attributes(span)


def test_a_run_sends_a_trace_per_test(project: Project, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded and replayed: one resource, a root per test with outcome and drift, agents, calls and tools below."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=ci,team=a%2Cb")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"Authorization={KEY.replace(' ', '%20')}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{collector.url}/api")
    project.write(SOURCE)
    project.record("-k", "agent")
    assert collector.requests == []  # OpenTelemetry's variables alone send nothing
    project.header = True
    recorded = project.run("--llm-record", "--llm-otlp=env", "-k", "plain")
    assert (recorded.exit, warnings(recorded)) == (0, ""), recorded.text
    assert f"llmtrace: spans to {collector.url}/api/v1/traces" in recorded.text
    ((path, headers, _),) = collector.requests
    assert (path, headers["authorization"]) == ("/api/v1/traces", KEY)
    assert "cGst" not in recorded.text
    (before,) = [span.trace_id for span in collector.spans if not span.parent_span_id]
    assert [known(span).get("llmtrace.source") for span in collector.spans] == [None, "live"]
    collector.requests.clear()
    taped = project.cassettes()
    assert b"v1/traces" not in b"".join(taped.values())  # our own HTTP is on no tape

    project.edit('chat("before")', 'chat("after")')
    ran = project.replay(f"--llm-otlp={collector.url}", "--llm-report=spans.otlp.jsonl")
    ran.outcomes(passed=1, failed=1)
    assert warnings(ran) == ""
    (resource,) = collector.resources
    assert {name: value for name, value in resource.items() if name != "service.instance.id"} == {
        "service.name": "shop",
        "deployment.environment.name": "ci",
        "team": "a,b",
    }
    spans = collector.spans
    assert tree(spans) == [
        (0, "test_it.py::test_agent"),
        (1, "invoke_agent lead"),
        (2, "invoke_agent clerk"),
        (2, "chat gpt-4o-mini"),
        (2, "execute_tool refund"),
        (3, "chat gpt-4o-mini"),
        (0, "test_it.py::test_plain"),
        (1, "chat gpt-4o-mini"),
    ]
    agent, _, _, first, tool, _, plain, _ = spans
    assert known(agent) == {
        "test.case.name": "test_it.py::test_agent",
        "test.case.result.status": "pass",
        "llmtrace.outcome": "passed",
        "llmtrace.mode": "trace",
        "llmtrace.findings": 0,
        "llmtrace.calls": 2,
        "llmtrace.live_calls": 0,
        "llmtrace.cost_usd": known(agent)["llmtrace.cost_usd"],
        "llmtrace.times": "measured",
    }
    assert known(agent)["llmtrace.cost_usd"] == pytest.approx(ran.test("test_agent")["cost_usd"])
    assert known(first) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": known(first)["gen_ai.usage.input_tokens"],
        "gen_ai.usage.output_tokens": known(first)["gen_ai.usage.output_tokens"],
        "gen_ai.agent.name": "lead",
        "gen_ai.conversation.id": "s1",
        "server.address": "127.0.0.1",
        "server.port": urlsplit(project.provider.url).port,
        "test.case.name": "test_it.py::test_agent",
        "llmtrace.conversation": "lead",
        "llmtrace.turn": 1,
        "llmtrace.cost_usd": known(first)["llmtrace.cost_usd"],
        "llmtrace.source": "tape",
    }
    assert known(tool)["gen_ai.tool.name"] == "refund"
    assert {name: known(plain)[name] for name in ("test.case.result.status", "llmtrace.outcome", "llmtrace.drift")} == {
        "test.case.result.status": "fail",
        "llmtrace.outcome": "failed",
        "llmtrace.drift": ["user"],
    }
    assert (plain.status.code, plain.status.message, agent.status.code) == (2, "drift: user", 0)
    assert len({before, agent.trace_id, plain.trace_id}) == 3  # the same test in another run is another trace
    assert re.search("Refund 123|File it|after|done", str(spans)) is None  # what was said is not sent unasked
    assert project.cassettes() == taped

    lines = [json.loads(line) for line in (project.path / "spans.otlp.jsonl").read_text("utf-8").splitlines()]
    written = [span for line in lines for span in line["resourceSpans"][0]["scopeSpans"][0]["spans"]]
    assert [one["spanId"] for one in written] == [span.span_id.hex() for span in spans]
    assert [one["traceId"] for one in written] == [span.trace_id.hex() for span in spans]


def test_what_was_said_is_sent_where_it_is_asked_for(project: Project, collector: Collector) -> None:
    """Of a live run with `llm_otlp_content = on` messages and results are there, without the key that one had."""
    project.pytester.makeini(f"[pytest]\nllm_otlp = {collector.url}\nllm_otlp_content = on\n")
    project.write(SOURCE)
    project.record("--llm-otlp=off")
    assert collector.requests == []
    ran = project.run("--llm-live")
    assert (ran.exit, warnings(ran)) == (0, ""), ran.text
    sources = [known(span).get("llmtrace.source") for span in collector.spans if span.name.startswith("chat")]
    assert sources == ["live"] * 3
    said = str([known(span) for span in collector.spans])
    assert [word for word in ("Refund 123, please", "File it", "done", '{"order":123}') if word not in said] == []
    assert SECRET not in said


def test_workers_send_nothing_and_no_process_imports_opentelemetry(project: Project, collector: Collector) -> None:
    """Under xdist the controller sends all at once; whatever the user has of OpenTelemetry, this is none of it.

    Nor does the controller import what only the processes need that run tests.
    """
    pytest.importorskip("xdist")
    project.write(BY_HAND, prelude=False)
    project.record()
    project.write(
        """
        import pathlib, sys

        def pytest_unconfigure(config):
            name = "worker" if hasattr(config, "workerinput") else "controller"
            unwanted = ("opentelemetry", *(() if name == "worker" else ("pytest_llmtrace._run.run", "vcr")))
            found = sorted(one for one in sys.modules if one.startswith(unwanted))
            pathlib.Path(__file__).with_name(name + ".modules").write_text(repr(found))
        """,
        "conftest.py",
        prelude=False,
    )
    ran = project.run("--llm-trace", f"--llm-otlp={collector.url}", "-n", "1", own_process=True)
    ran.outcomes(passed=2)
    assert len(collector.requests) == 1
    assert [name for depth, name in tree(collector.spans) if depth == 0] == [
        "test_it.py::test_one",
        "test_it.py::test_two",
    ]
    modules = [(project.path / f"{name}.modules").read_text() for name in ("worker", "controller")]
    assert modules == ["[]", "[]"]


def test_a_collector_that_is_down_costs_a_warning(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run passes; the warning says why, what became of the spans and what to do, and shows no key."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"Authorization={KEY}")
    with Collector() as gone:
        url = gone.url
    project.write(BY_HAND, prelude=False)
    ran = project.run("--llm-record", f"--llm-otlp={url}/?token=geheim")
    assert ran.exit == 0, ran.text
    assert warnings(ran) == (
        f"spans: {url}/v1/traces: Connection refused; what did not arrive is not kept: run the tests again (a replay "
        "makes the same calls), or write them to a file with --llm-report=spans.otlp.jsonl"
    )
    assert "geheim" not in ran.text
    assert "cGst" not in ran.text
