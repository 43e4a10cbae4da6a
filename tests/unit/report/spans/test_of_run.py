"""The spans of a run: how payloads of a test become one trace, and what they are of."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.spans.of_run import run_resource, run_spans, span_lines, span_rows
from pytest_llmtrace._report.spans.span import Span
from tests.unit.report.builders import TEST, call, chat, payload, said

BEGAN = 1_700_000_000.0
SECOND = 1_000_000_000


def seen(*findings: Drift, began: float = BEGAN, phase: str = "call", content: bool = False) -> dict[str, Any]:
    """A payload of a test with one call of two seconds."""
    made = [replace(chat(1)[0], started=1.0, duration=2.0)]
    rows = span_rows(Trace(owner=TEST, entries=tuple(made)), began, lambda text: text, content=content)
    return {**payload(TEST, made, *findings), "phase": phase, "spans": rows}


def spans_of(payloads: list[dict[str, Any]], outcome: str = "passed", took: float = 0.0) -> list[Span]:
    found = document(payloads, {TEST: outcome}, mode="trace", durations={TEST: took})
    (made,) = run_spans(found, payloads)
    return made


def test_a_test_is_one_trace_however_often_it_ran() -> None:
    """What its teardown and further runs did is below the one span of the test, from its begin to its end."""
    again = [seen(), seen(began=BEGAN + 5, phase="again"), seen(began=BEGAN + 9, phase="teardown")]
    root, *below = spans_of(again)

    assert [one.name for one in below] == ["invoke_agent lead", "chat gpt-4o-mini"] * 3
    assert {one.trace_id for one in below} == {root.trace_id}
    assert len({one.span_id for one in (root, *below)}) == 7
    assert [one.parent_id for one in below] == [
        parent for number in (0, 2, 4) for parent in (root.span_id, below[number].span_id)
    ]
    assert (root.parent_id, root.begins, root.ends) == (None, round(BEGAN * SECOND), round((BEGAN + 12) * SECOND))
    assert root.attributes["llmtrace.calls"] == 3
    assert spans_of([seen()], took=60.0)[0].ends == round((BEGAN + 60) * SECOND)


def test_the_last_attempt_counts() -> None:
    """Of a test that was run again because it failed, what the last attempt did is its trace."""
    assert spans_of([seen(), seen(began=BEGAN + 5)])[0].begins == round((BEGAN + 5) * SECOND)


def test_the_same_test_in_another_run_is_another_trace() -> None:
    """Ids are those of the test and the moment; the same payloads give the same ones."""
    ids = [[one.span_id for one in spans_of([seen(began=began)])] for began in (BEGAN, BEGAN, BEGAN + 1)]
    assert ids[0] == ids[1]
    assert set(ids[0]) & set(ids[2]) == set()


def test_outcome_and_drift_are_on_the_span_of_the_test() -> None:
    """What failed, and how; drift that is accepted is none; a skipped test neither passed nor failed."""
    drift = Drift(kind="prompt", conversation="lead", turn=1, path="", golden="a", observed="b", severity="fail")
    (failed, *_) = spans_of([seen(drift, replace(drift, kind="model", severity="ignore"))], "failed")
    (skipped, *_) = spans_of([seen()], "skipped")

    assert failed.error == "drift: prompt"
    assert {
        name: failed.attributes[name] for name in failed.attributes if "drift" in name or "case.result" in name
    } == {
        "test.case.result.status": "fail",
        "llmtrace.drift": ("prompt",),
    }
    assert failed.attributes["llmtrace.findings"] == 2
    assert (skipped.error, "test.case.result.status" in skipped.attributes) == (None, False)
    assert spans_of([seen()], "failed")[0].error == "failed"


def test_the_resource_is_what_opentelemetry_s_variables_say() -> None:
    """Pairs that can be read, values decoded; the service's own variable wins; a run is an instance of it."""
    environment = {"OTEL_RESOURCE_ATTRIBUTES": "service.name=x, team = a%2Cb ,nothing,=no", "OTEL_SERVICE_NAME": "shop"}
    made = run_resource([seen()], environment)
    instance = made.pop("service.instance.id")

    assert made == {"service.name": "shop", "team": "a,b"}
    assert run_resource([seen()], {}) == {"service.name": "pytest-llmtrace", "service.instance.id": instance}
    assert run_resource([seen(began=BEGAN + 1)], {})["service.instance.id"] != instance
    assert run_resource([seen()], {"OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=7"})["service.instance.id"] == "7"


def test_secrets_stay_out() -> None:
    """The redactor of the run has seen every text: names, attributes, lists, errors."""
    trace = Trace(
        owner="t.py::test[hush]", entries=(call([said("user", "hush")], said("assistant", "x"), model="hush"),)
    )
    rows = span_rows(trace, BEGAN, lambda text: text.replace("hush", "***"), content=True)
    assert "hush" not in str(rows)
    assert str(rows).count("***") > 3


def test_a_file_has_a_test_a_line() -> None:
    """Each line is a document with the one resource of the run; a run without spans has none."""
    other = {**seen(), "nodeid": "tests/test_a.py::test_other"}
    found = document([seen(), other], {TEST: "passed"}, mode="trace")
    lines = [json.loads(line) for line in span_lines(found, [seen(), other], {})]

    assert [len(line["resourceSpans"][0]["scopeSpans"][0]["spans"]) for line in lines] == [3, 3]
    assert lines[0]["resourceSpans"][0]["resource"] == lines[1]["resourceSpans"][0]["resource"]
    bare = [payload(TEST, chat(1))]
    assert list(span_lines(document(bare, {}, mode="trace"), bare, {})) == []
