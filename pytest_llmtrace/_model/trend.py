"""How the tests of a project went, run by run: what a history is read into, and its reports are drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One run."""

    run_id: str
    started_at: datetime
    commit: str | None = None
    commit_time: datetime | None = None
    branch: str | None = None
    dirty: bool | None = None
    """Whether tracked files were not as they were committed."""
    change_url: str | None = None
    """The pull request or merge request."""
    ci_url: str | None = None
    mode: str = "trace"
    outcome: str = "ok"
    whole: bool = False
    """Whether no test was left out, so that a test that is not in it is gone."""

    @property
    def place(self) -> tuple[datetime, datetime]:
        """Where it comes among runs: with its commit, whenever that was tested; those of one commit as they began."""
        return self.commit_time or self.started_at, self.started_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one test used in one run, and what was found."""

    run: int
    """The position of the run in the trend."""
    outcome: str
    mode: str
    stopped: bool
    """It ended before it was done: what it used says nothing."""
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None
    """`None`: a price is not known."""
    drift: Mapping[str, int] = field(default_factory=dict)
    """How many drifts there were that failed or warned, by kind."""
    accepted: Mapping[str, int] = field(default_factory=dict)
    """Those that a recording accepted."""
    other_findings: int = 0
    """Breaches, missing recordings, connections past the tape, ..."""

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class TestTrend:
    """One test, in the order of the runs."""

    __test__ = False  # pytest would take it for a class of tests

    nodeid: str
    fixture: bool
    points: tuple[Measured, ...]

    @property
    def compared(self) -> tuple[Measured, ...]:
        """The runs in which it was not stopped: those whose amounts can be compared."""
        return tuple(one for one in self.points if not one.stopped)

    @property
    def drifted(self) -> tuple[Measured, ...]:
        """The runs in which it drifted."""
        return tuple(one for one in self.points if one.drift)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run against the runs before it, test by test: what tests that did not run cost is no change."""

    run: int
    tests: int
    """How many ran."""
    drifted: int
    compared: int
    """How many of them ran before, with a known cost both times."""
    cost_before: Decimal
    """What those cost then, in US dollars."""
    cost_after: Decimal
    tokens_before: int
    """Of all tests that ran before, priced or not."""
    tokens_after: int
    suite_cost: Decimal | None
    """What all tests that there are cost, each as it was last measured; those without a price are not in it. `None`:
    none has one."""
    suite_tokens: int
    unpriced: int
    """How many tests of the suite have no known cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The runs of a project, by the time of their commits, and what its tests did in them."""

    project: str
    runs: tuple[PastRun, ...]
    tests: tuple[TestTrend, ...]
    """Sorted by node id."""

    def steps(self) -> Iterator[Step]:
        """Each run against what was known before it."""
        by_run: list[list[tuple[str, Measured]]] = [[] for _ in self.runs]
        for test in self.tests:
            for point in test.points:
                by_run[point.run].append((test.nodeid, point))
        latest: dict[str, Measured] = {}
        for number, points in enumerate(by_run):
            yield self._step(number, points, latest)

    def _step(self, number: int, points: list[tuple[str, Measured]], latest: dict[str, Measured]) -> Step:
        measured = [(nodeid, point) for nodeid, point in points if not point.stopped]
        pairs = [(latest[nodeid], point) for nodeid, point in measured if nodeid in latest]
        costs = [
            (old.cost_usd, new.cost_usd) for old, new in pairs if old.cost_usd is not None and new.cost_usd is not None
        ]
        if self.runs[number].whole:
            ran = {nodeid for nodeid, _ in points}
            for gone in [nodeid for nodeid in latest if nodeid not in ran]:
                del latest[gone]
        latest.update(measured)
        known = [one.cost_usd for one in latest.values() if one.cost_usd is not None]
        return Step(
            run=number,
            tests=len(points),
            drifted=sum(bool(point.drift) for _, point in points),
            compared=len(costs),
            cost_before=sum((old for old, _ in costs), Decimal()),
            cost_after=sum((new for _, new in costs), Decimal()),
            tokens_before=sum(old.tokens for old, _ in pairs),
            tokens_after=sum(new.tokens for _, new in pairs),
            suite_cost=sum(known, Decimal()) if known or not latest else None,
            suite_tokens=sum(one.tokens for one in latest.values()),
            unpriced=len(latest) - len(known),
        )


def change(before: Decimal | float | None, after: Decimal | float | None) -> float | None:
    """How much more it is, as a fraction; `None` where nothing is known, or it grew from nothing."""
    if before is None or after is None or (not before and after):
        return None
    return float(after / before) - 1 if before else 0.0  # type: ignore[operator]  # both are of one type
