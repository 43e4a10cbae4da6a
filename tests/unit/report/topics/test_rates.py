"""How often findings of a repeated test occurred, and which of them fail it."""

from __future__ import annotations

import pytest

from pytest_llmtrace._report.topics.rates import exceeds, rate, rated, rates_text


def drift(kind="tool_call", *, turn=1, severity="fail", observed="lookup"):
    """A drift as data."""
    return {
        "type": "drift",
        "kind": kind,
        "conversation": "main",
        "turn": turn,
        "path": "output.content" if kind == "output" else "output.tool_calls[0].name",
        "golden": "refund",
        "observed": observed,
        "severity": severity,
        "folded": 0,
    }


def told(findings):
    """Severity, kind, turn and runs."""
    return [(one["severity"], one["kind"], one["turn"], one["runs"], one["rate"]) for one in findings]


@pytest.mark.parametrize(
    ("failed", "count", "threshold", "more"),
    [(1, 1, 0.5, True), (1, 2, 0.5, False), (2, 3, 0.5, True), (1, 5, 0.2, False), (2, 5, 0.2, True), (1, 9, 0, True)],
)
def test_more_than_the_share(failed, count, threshold, more):
    """Exactly the share that may fail is not more."""
    assert exceeds(failed, count, threshold) is more


def test_a_drift_is_the_same_whatever_was_observed():
    """Two values at one place are one drift in two runs, shown with the first value."""
    (found,) = rated([[drift()], [drift(observed="cancel")], []], failed=2, threshold=0.5)
    assert (found["observed"], found["runs"], found["of"], found["rate"]) == ("lookup", [1, 2], 3, 0.6667)


def test_what_occurs_seldom_is_a_warning_beside_what_decides():
    """Of two drifts the one within the threshold warns; wording stays a warning however often it occurs."""
    wording = drift("output", severity="warn")
    runs = [[drift(), wording], [drift(), wording], [drift(turn=2), wording]]
    assert told(rated(runs, failed=3, threshold=0.5)) == [
        ("fail", "tool_call", 1, [1, 2], 0.6667),
        ("warn", "output", 1, [1, 2, 3], 1.0),
        ("warn", "tool_call", 2, [3], 0.3333),
    ]


def test_what_a_run_has_twice_counts_once():
    """A rate counts runs."""
    assert told(rated([[drift(), drift()], []], failed=1, threshold=0.5)) == [("warn", "tool_call", 1, [1], 0.5)]


def test_other_findings_keep_their_severity():
    """A spent budget fails the test however seldom."""
    breach = {"type": "breach", "scope": "run", "what": "usd", "limit": 1, "value": 2, "severity": "fail"}
    (found,) = rated([[], [], [breach]], failed=1, threshold=0.5)
    assert (found["severity"], rate(found)) == ("fail", ": 1 of 3 runs")


def test_growth_keeps_what_grew_and_counts_whatever_the_values_were():
    """`of` of a breach is what grew, in repeated tests too, and each run grows by a value of its own."""
    grown = {"type": "breach", "scope": "test_x", "what": "growth", "limit": 0.1, "severity": "fail"}
    runs = [[{**grown, "of": "usd", "value": 0.2}], [{**grown, "of": "usd", "value": 0.3}], [], []]
    (found,) = rated(runs, failed=2, threshold=0.5)
    assert found == {**grown, "of": "usd", "value": 0.2, "runs": [1, 2], "rate": 0.5}
    assert rate(found) == ": 2 of 4 runs"


@pytest.mark.parametrize("finding", [drift(), {"type": "breach", "what": "growth", "of": "usd"}])
def test_a_finding_of_a_test_that_ran_once_has_no_rate(finding):
    """Nothing is added to its line, also where it says of what something grew."""
    assert rate(finding) == ""


def test_the_text_counts_and_names_both_values():
    """How often the test failed, then each finding with its rate; what the policy ignores is left out."""
    runs = [[drift()], [drift(), drift("output", severity="ignore")], [drift("output", severity="warn", observed=None)]]
    findings = rated([*runs, [drift("error", severity="ignore")]], failed=2, threshold=0.5)
    assert rates_text({"count": 4, "failed": 2, "threshold": 0.5}, findings).split("\n") == [
        "failed in 2 of 4 live runs, not more than the 50 % that may",
        "  main turn 1 tool call changed (output.tool_calls[0].name): 2 of 4 runs (warning)",
        "    refund -> lookup",
        "  main turn 1 answer gone (output.content): 2 of 4 runs (warning)",
        "    refund -> nothing",
    ]
