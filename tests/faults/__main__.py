"""`make faults`: every fault, and a table of what came of it. Exits with 1 where anything was lost, or did not hold."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.faults import clock_and_formats, disks, kills, provider_faults, steps, together
from tests.faults.project import Pytest
from tests.faults.table import Row, table


def main() -> int:
    """Run the suite. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="kills at random moments (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=1, help="what the random moments follow from (default: %(default)s)"
    )
    asked = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="faults-") as folder, Pytest() as one, Pytest() as other:
        for row in all_faults(Path(folder), one, other, kill_count=asked.kills, seed=asked.seed):
            rows.append(row)
            print(f"{'ok' if row.holds else 'NOT OK':8}{row.fault}", flush=True)
            for problem in row.problems:
                print(f"        {problem}", flush=True)
    print("", *table(rows), sep="\n")
    return 0 if all(row.holds for row in rows) else 1


def all_faults(folder: Path, one: Pytest, other: Pytest, *, kill_count: int, seed: int) -> Iterator[Row]:
    """A row per fault."""
    yield from provider_faults.misbehaving(folder / "provider", one)
    for kind in steps.NAMES:
        yield steps.broken_at_each_step(folder / kind, one, kind)
    yield disks.full(folder / "full", one, kilobytes=range(8, 28, 4))
    yield disks.read_only(folder / "read", one)
    yield disks.vanished(folder / "vanished", one)
    yield disks.reports(folder / "reports", one)
    yield disks.reports_full(folder / "reports_full", one)
    yield clock_and_formats.clock(folder / "clock", one, rounds=5)
    yield clock_and_formats.formats(folder / "formats", one)
    yield together.recorded_by_workers(folder / "workers", one)
    yield together.worker_killed(folder / "worker", one)
    yield together.recorded_by_two(folder / "two", one, other, rounds=10, seed=seed)
    yield together.killed_together(folder / "killed", one, other, rounds=20, seed=seed)
    yield kills.killed_at_random(folder / "kills", one, kills=kill_count, seed=seed)


if __name__ == "__main__":
    sys.exit(main())
