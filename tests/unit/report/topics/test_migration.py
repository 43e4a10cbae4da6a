"""The table of a run in which models were swapped."""

from __future__ import annotations

from pytest_llmtrace._report.topics.migration import migration_cells, migration_lines, swaps


def row(nodeid, *, cost, golden, drifts=(), runs=None, seconds=1.0, calls=2):
    """A test of the document whose calls asked another model."""
    made = {
        "nodeid": nodeid,
        "outcome": "passed",
        "cost_usd": cost,
        "golden_cost_usd": golden,
        "findings": [{"type": "drift", "kind": kind, "severity": severity} for kind, severity in drifts],
        "swapped": {"models": {"a=b": calls}, "calls": calls, "seconds": seconds},
    }
    return made if runs is None else {**made, "runs": runs}


def test_each_test_is_compared_with_its_golden_trace_run_by_run():
    """Drift by kind, warnings in brackets; the cost of one run; `?` where a price is unknown, in the sum too."""
    document = {
        "tests": [
            row("t::one", cost=0.06, golden=0.04, runs={"count": 3, "failed": 2}, drifts=[("tool_call", "fail")]),
            row("t::two", cost=None, golden=0.01, drifts=[("output", "warn")], seconds=3.0),
            row("t::three", cost=0.01, golden=None),
            {"nodeid": "t::four", "cost_usd": 1.0, "golden_cost_usd": 1.0, "findings": []},
        ]
    }
    assert migration_cells(document) == [
        ("t::one", "tool call in 2 of 3 runs", "$0.02", "$0.04", "-50 %", "0.50"),
        ("t::two", "(answer)", "?", "$0.01", "", "1.50"),
        ("t::three", "none", "$0.01", "?", "", "0.50"),
        ("3 tests", "2 of 3", "?", "?", "", "0.83"),
    ]
    assert swaps(document) == "a -> b: 6 calls"


def test_a_run_without_swaps_has_no_table():
    """Nothing is drawn."""
    assert list(migration_lines({"tests": []}, 80)) == []
