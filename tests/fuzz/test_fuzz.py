"""A small round of the fuzz suite, the same every time; `make fuzz` goes on for as long as it is asked to."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.fuzz import engines
from tests.fuzz.__main__ import table
from tests.fuzz.crashes import Guard, known
from tests.fuzz.engines import Fuzzed
from tests.fuzz.target import SUPPRESSED, Target, of_bytes
from tests.fuzz.targets import TARGETS

A_FEW = settings(max_examples=10, derandomize=True, database=None, deadline=None, suppress_health_check=SUPPRESSED)


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.name)
def test_promises_hold(target: Target) -> None:
    """What each target promises holds for its seeds, and for a few values near them."""
    for seed in target.seeds() if target.seeds is not None else ():
        target.check(seed)
    target.property_with(A_FEW)()


def test_a_crash_is_found_kept_and_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken promise is counted once, its smallest input is kept, and running that again raises what it raised."""
    monkeypatch.chdir(tmp_path)

    def no_brackets(data: bytes) -> None:
        assert b"[" not in data

    target = of_bytes("broken", "No brackets.", no_brackets, lambda: [b"a", b"b[c]"])
    found = engines.with_hypothesis(target, 0.01)

    assert found.runs > 1
    assert found.crashes == tuple(known("broken"))
    assert len(found.crashes) == 1
    (seed,) = (tmp_path / ".fuzz" / "crashes" / "broken").glob("*.seed")
    with pytest.raises(AssertionError):
        engines.again(target, seed.read_bytes(), seeded=True)
    guard = Guard("bytes", no_brackets)
    for data in (b"xx[", b"[", b"[[["):
        guard(data)
    (kept,) = known("bytes")
    assert (tmp_path / ".fuzz" / "crashes" / "bytes" / kept).read_bytes() == b"["
    with pytest.raises(AssertionError):
        engines.again(target, b"[", seeded=False)


def test_the_table_adds_up() -> None:
    """A row per target and a sum; what ended before its time is marked."""
    rows = [
        Fuzzed(target="tape", runs=1200, seconds=10.2, new_inputs=30, crashes=("a", "b")),
        Fuzzed(target="journal", runs=5, seconds=1, new_inputs=None, crashes=(), stopped="timeout"),
    ]
    assert [*table(rows)] == [
        "target    runs  seconds  new inputs  crashes",
        "tape     1,200       10          30        2",
        "journal      5        1           -       0+",
        "all      1,205       11          30        2",
    ]
