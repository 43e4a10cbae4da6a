"""A small round of the fault suite; `make faults` does all of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import kills, provider_faults, steps
from tests.faults.project import Pytest
from tests.faults.table import Row, table

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and looks into /proc")

A_FEW = (
    "reset within the headers",
    "closed within the body",
    "stalls before the headers",
    "half a stream, ended in order",
    "garbage for JSON",
    "an event of 1 MB",
    "gzip",
    "content-length too long",
    "500 with HTML",
)


@pytest.fixture(scope="module")
def runner() -> Iterator[Pytest]:
    """One process for all runs of this module."""
    with Pytest() as started:
        yield started


def held(*rows: Row) -> None:
    """Everything was tried, and survived."""
    assert [row.problems for row in rows if not row.holds] == []
    assert all(row.tried for row in rows)
    assert {row.lost for row in rows} == {0}


def test_what_a_misbehaving_provider_did_replays_as_it_was(tmp_path: Path, runner: Pytest) -> None:
    """Each fault is recorded as the client saw it, and seen again when the provider is gone; nothing is paid twice."""
    held(*provider_faults.misbehaving(tmp_path / "project", runner, faults=A_FEW, clients=("http.client",)))


def test_a_killed_recording_loses_nothing(tmp_path: Path, runner: Pytest) -> None:
    """After kill -9 every file is whole, and the next recording pays only for what is missing."""
    held(kills.killed_at_random(tmp_path / "project", runner, kills=3, seed=3))


@pytest.mark.parametrize(("kind", "step"), [("kill", 12), ("torn", 2), ("torn", 5), ("full", 14), ("read-only", 1)])
def test_a_recording_that_breaks_at_any_step_loses_nothing(
    tmp_path: Path, runner: Pytest, kind: str, step: int
) -> None:
    """A process that dies while it writes, and a disk that refuses, leave whole files and what was paid for."""
    held(steps.broken_at_each_step(tmp_path / "project", runner, kind, [step]))


def test_the_table_says_what_was_lost() -> None:
    """A row per fault: tried, survived, lost."""
    rows = [Row(fault="one", tried=10), Row(fault="another", tried=3, problems=["broken"], lost=2)]
    assert [*table(rows)] == [
        "fault    tried  survived  lost",
        "one         10        10     0",
        "another      3         2     2",
    ]
    assert [row.holds for row in rows] == [True, False]
