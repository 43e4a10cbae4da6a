from __future__ import annotations

from dataclasses import replace

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from pytest_llmtrace._model.findings import Breach, Drift, NoCassette
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.files.code_quality import code_quality
from pytest_llmtrace._report.files.openmetrics import openmetrics
from tests.unit.report.builders import GOLDEN, chat, payload

A, B = "tests/test_a.py::test_a", "tests/test_b.py::test_b"
PLACES = {A: ("tests/test_a.py", 3), B: ("tests/test_b.py", 7)}
DRIFT = Drift(
    kind="prompt", conversation="lead", turn=1, path="messages[0].content", golden="Hi.", observed="Ho.", first=True
)


def test_an_issue_per_finding():
    """Each has what GitLab reads; the budget of the run stands at the dearest test, a fixture at its golden trace."""
    payloads = [
        payload(A, chat(1), DRIFT, replace(DRIFT, kind="output", path="output.content", severity="warn")),
        payload(B, chat(2), NoCassette(cassette=GOLDEN), replace(DRIFT, severity="ignore")),
        payload("fixture session client", [], DRIFT),
    ]
    breaches = [Breach(scope="run", what="usd", limit=0.1, value=0.2)]
    issues = code_quality(document(payloads, {}, mode="trace", breaches=breaches, places=PLACES))

    assert len({issue.pop("fingerprint") for issue in issues}) == 5
    assert issues == [
        {
            "description": f"{A} drifted from its golden trace: lead turn 1 prompt changed (messages[0].content)",
            "check_name": "llmtrace/drift/prompt",
            "severity": "major",
            "location": {"path": "tests/test_a.py", "lines": {"begin": 3}},
        },
        {
            "description": f"{A} drifted from its golden trace: lead turn 1 answer changed (output.content)",
            "check_name": "llmtrace/drift/output",
            "severity": "minor",
            "location": {"path": "tests/test_a.py", "lines": {"begin": 3}},
        },
        {
            "description": f"{B} made an LLM call but has no recording: no recording at {GOLDEN}",
            "check_name": "llmtrace/no_cassette",
            "severity": "major",
            "location": {"path": "tests/test_b.py", "lines": {"begin": 7}},
        },
        {
            "description": "fixture session client drifted from its golden trace: lead turn 1 prompt changed "
            "(messages[0].content)",
            "check_name": "llmtrace/drift/prompt",
            "severity": "major",
            "location": {"path": "g.trace.yaml", "lines": {"begin": 1}},
        },
        {
            "description": "the LLM budget of the run: cost $0.20 of $0.10 allowed",
            "check_name": "llmtrace/breach",
            "severity": "major",
            "location": {"path": "tests/test_b.py", "lines": {"begin": 7}},
        },
    ]


def test_a_budget_of_a_directory_stands_at_its_dearest_test():
    """Elsewhere nobody would look for it."""
    payloads = [payload("tests/x/t.py::a", chat(1)), payload("tests/x/t.py::b", chat(2)), payload(B, chat(9))]
    places = {"tests/x/t.py::a": ("tests/x/t.py", 1), "tests/x/t.py::b": ("tests/x/t.py", 9), **PLACES}
    breaches = [Breach(scope="tests/x", what="calls", limit=2, value=3)]
    (issue,) = code_quality(document(payloads, {}, mode="trace", breaches=breaches, places=places))

    assert issue["description"] == "the LLM budget of tests/x: calls 3 of 2 allowed"
    assert issue["location"] == {"path": "tests/x/t.py", "lines": {"begin": 9}}


def test_a_finding_is_the_same_one_in_the_next_pipeline():
    """The fingerprint says which finding it is, not which value it found; two of one kind have two."""
    one = document([payload(A, [], DRIFT, replace(DRIFT, turn=2))], {}, mode="trace", places=PLACES)
    later = document(
        [payload(A, [], replace(DRIFT, observed="Oh."), replace(DRIFT, turn=2))], {}, mode="trace", places={A: ("b", 9)}
    )
    same = document([payload(A, [], DRIFT, DRIFT)], {}, mode="trace", places=PLACES)

    prints = [[issue["fingerprint"] for issue in code_quality(made)] for made in (one, later, same)]

    assert prints[0] == prints[1]
    assert prints[0][0] == prints[2][0]
    assert len({*prints[0], *prints[2]}) == 3


def test_metrics_as_a_parser_reads_them():
    """Totals, and calls, tokens and cost per model, agent and test; a cost that is not known has no sample."""
    hostile = 't.py::x["\\\n}]'
    unpriced = [replace(chat(1)[0], model="acme", provider="", cost=None)]
    made = document([payload(A, chat(2), DRIFT), payload(hostile, unpriced)], {}, mode="trace")

    families = list(text_string_to_metric_families("".join(f"{line}\n" for line in openmetrics(made))))

    samples = {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}
    clean = 't.py::x["\\\\n}]'
    assert {family.type for family in families} == {"gauge"}
    assert samples == {
        ("llmtrace_tests",): 2,
        ("llmtrace_calls",): 3,
        ("llmtrace_input_tokens",): 300,
        ("llmtrace_output_tokens",): 30,
        ("llmtrace_cache_read_tokens",): 0,
        ("llmtrace_unpriced_calls",): 1,
        ("llmtrace_live_calls",): 0,
        ("llmtrace_live_cost_usd",): 0,
        ("llmtrace_breaches",): 0,
        ("llmtrace_findings", "drift", "fail"): 1,
        ("llmtrace_model_calls", "openai/gpt-4o-mini"): 2,
        ("llmtrace_model_calls", "acme"): 1,
        ("llmtrace_model_input_tokens", "openai/gpt-4o-mini"): 200,
        ("llmtrace_model_input_tokens", "acme"): 100,
        ("llmtrace_model_output_tokens", "openai/gpt-4o-mini"): 20,
        ("llmtrace_model_output_tokens", "acme"): 10,
        ("llmtrace_model_cost_usd", "openai/gpt-4o-mini"): 0.0002,
        ("llmtrace_agent_calls", "lead"): 3,
        ("llmtrace_agent_input_tokens", "lead"): 300,
        ("llmtrace_agent_output_tokens", "lead"): 30,
        ("llmtrace_test_calls", A): 2,
        ("llmtrace_test_calls", clean): 1,
        ("llmtrace_test_input_tokens", A): 200,
        ("llmtrace_test_input_tokens", clean): 100,
        ("llmtrace_test_output_tokens", A): 20,
        ("llmtrace_test_output_tokens", clean): 10,
        ("llmtrace_test_cost_usd", A): 0.0002,
    }
