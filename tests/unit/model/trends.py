"""Histories, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pytest_llmtrace._model.trend import Measured, PastRun, TestTrend

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def past_runs(number: int, **changed: Any) -> tuple[PastRun, ...]:
    """So many whole runs of as many commits, an hour apart."""
    return tuple(
        PastRun(
            run_id=f"r{at}",
            started_at=BEGIN + timedelta(hours=at),
            commit=f"c{at:06}aaaa",
            branch="main",
            **{"whole": True, **changed},
        )
        for at in range(number)
    )


def measured(run: int, cost: str | None = "0.001", drift: Mapping[str, int] | None = None, **changed: Any) -> Measured:
    """A test in a run."""
    values: dict[str, Any] = {"outcome": "passed", "mode": "trace", "stopped": False, "calls": 1}
    values |= {"input_tokens": 100, "output_tokens": 10, **changed}
    return Measured(run=run, cost_usd=None if cost is None else Decimal(cost), drift=drift or {}, **values)


def test_trend(nodeid: str, *points: Measured) -> TestTrend:
    """A test over its runs."""
    return TestTrend(nodeid=nodeid, fixture=False, points=points)


test_trend.__test__ = False  # type: ignore[attr-defined]  # it makes one
