"""Records of runs, and databases to put them into, for the tests of the history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_llmtrace._history.record import Record, call_rows, run_record
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._model.usage import Usage

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def row(nodeid: str, cost: float | None = 0.1, **changed: Any) -> dict[str, Any]:
    """A row of the report document."""
    return {
        "nodeid": nodeid,
        "outcome": "passed",
        "mode": "trace",
        "duration_s": 0.25,
        "calls": 1,
        "live_calls": 0,
        "usage": {"input_tokens": 100, "output_tokens": 20},
        "cost_usd": cost,
        **({"priced_usd": 0.0, "unpriced_calls": 1} if cost is None else {}),
        "golden": f"cassettes/{nodeid}.trace.yaml",
        "findings": [],
        **changed,
    }


def record(run_id: str, *rows: dict[str, Any], days: int = 0, **about: Any) -> Record:
    """The record of a run with these tests, each with one call."""
    tests = rows or (row("test_a.py::test_a"),)
    costs = [one["cost_usd"] for one in tests]
    document = {
        "mode": "trace",
        "exit": "ok",
        "totals": {
            "tests": len(tests),
            "calls": len(tests),
            "live_calls": 0,
            "usage": {"input_tokens": 100 * len(tests), "output_tokens": 20 * len(tests)},
            "cost_usd": None if None in costs else round(sum(costs), 12),
            "priced_usd": round(sum(cost or 0 for cost in costs), 12),
            "live_cost_usd": 0.0,
        },
        "tests": list(tests),
    }
    call = LLMCall(provider="openai", model="m1", usage=Usage(input_tokens=100, output_tokens=20), cost=0.1)
    calls = {(one["nodeid"], ""): call_rows(Trace(owner=one["nodeid"], entries=(call,))) for one in tests}
    started = BEGIN + timedelta(days=days)
    facts = {
        "run_id": run_id,
        "project": "acme/shop",
        "started_at": started.timestamp(),
        "duration_s": 2.5,
        "commit_hash": f"{days:040x}",
        "commit_time": (started - timedelta(hours=1)).timestamp(),
        "branch": "main",
        "dirty": False,
        "whole": True,
        "plugin_version": "1.0",
        **about,
    }
    return run_record(document, calls, facts, lambda text: text)
