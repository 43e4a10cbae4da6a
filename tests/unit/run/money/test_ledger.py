"""The ledger of live spending."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import add
from pathlib import Path

import pytest

from pytest_llmtrace._model.limits import Limit
from pytest_llmtrace._run.money.ledger import Ledger, Spent


def cents(number: int) -> Spent:
    """So many cents, for a call of ten tokens each."""
    return Spent(usd=number / 100, tokens=10, calls=1)


def test_one_process_counts_in_memory() -> None:
    """Without a file the sum is the process's own; an entry says what stood before it."""
    ledger = Ledger()
    assert ledger.enter(".", cents(50)).of(None) == Spent()
    assert ledger.enter("tests", cents(25)).of(None) == cents(50)
    assert ledger.sums().of(None) == Spent(usd=0.75, tokens=20, calls=2)


@pytest.mark.parametrize("shared", [False, True])
def test_sums_are_kept_by_directory(tmp_path: Path, *, shared: bool) -> None:
    """What is spent in a directory counts there, in those around it, and in the whole."""
    ledger = Ledger(tmp_path / "ledger" if shared else None)
    for directory, amount in (("tests/agents", 1), ("tests/agents/deep", 2), ("tests/agents2", 4), ("tests", 8)):
        ledger.enter(directory, Spent(tokens=amount))
    found = {scope: ledger.sums().of(scope).tokens for scope in ("tests/agents", "tests", ".", "other", None)}
    assert found == {"tests/agents": 3, "tests": 15, ".": 15, "other": 0, None: 15}


def test_what_was_set_aside_is_given_back() -> None:
    """An amount that is taken back leaves nothing, the models without a price included."""
    ledger = Ledger()
    unpriced = Spent(calls=1, unpriced={"acme": 1})
    ledger.enter(".", unpriced)
    ledger.enter(".", Spent() - unpriced)
    assert ledger.sums().of(None) == Spent(unpriced={"acme": 0})


def test_processes_that_share_a_file_share_the_sum(tmp_path: Path) -> None:
    """What one worker spends, the other sees before its next call."""
    one, other = Ledger(tmp_path / "ledger"), Ledger(tmp_path / "ledger")
    assert other.sums().of(None) == Spent()
    assert one.enter("a", cents(50)).of(None) == Spent()
    assert other.enter("b", cents(25)).of(None) == cents(50)
    assert one.sums().of(None) == other.sums().of(None) == Spent(usd=0.75, tokens=20, calls=2)


def test_a_line_that_is_still_being_written_is_counted_later(tmp_path: Path) -> None:
    """Half a line of another process is not misread."""
    path = tmp_path / "ledger"
    line = json.dumps([".", 0.25, 10, 1, {}, []]).encode() + b"\n"
    path.write_bytes(line + line[:7])
    ledger = Ledger(path)
    assert ledger.sums().of(None) == cents(25)
    with path.open("ab") as file:
        file.write(line[7:])
    assert ledger.sums().of(None) == cents(25) + cents(25)


@pytest.mark.parametrize(
    ("limit", "amount", "fit"),
    [
        (Limit(scope="run", what="calls", value=2), Spent(calls=1), 2),
        (Limit(scope="a", what="tokens", value=11), Spent(tokens=10), 2),
        (Limit(scope="a", what="usd", value=9), Spent(usd=1, unpriced={"acme": 1}), 1),
    ],
)
@pytest.mark.parametrize("shared", [False, True])
def test_an_entry_whose_limit_is_spent_counts_for_nobody(
    tmp_path: Path, limit: Limit, amount: Spent, fit: int, *, shared: bool
) -> None:
    """Neither for who enters it nor for other processes; an entry after it that needs nothing of that limit counts."""
    ledger = Ledger(tmp_path / "ledger" if shared else None)
    before = [ledger.enter("a/b", amount, [limit]).of(None) for _ in range(4)]
    assert before == [reduce(add, [amount] * min(turn, fit), Spent()) for turn in range(4)]
    ledger.enter("a", cents(1))
    sums = [ledger.sums().of(None)] + [Ledger(tmp_path / "ledger").sums().of(None)] * shared
    assert sums == [before[-1] + cents(1)] * len(sums)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_of_many_at_once_each_has_a_place_of_its_own(tmp_path: Path, workers: int) -> None:
    """However many threads and processes enter at once: as many find less than ten before them as there are places."""
    ledgers = [Ledger(tmp_path / "ledger") for _ in range(workers)] or [Ledger()]
    with ThreadPoolExecutor(8) as pool:
        before = list(pool.map(lambda n: ledgers[n % len(ledgers)].enter(".", cents(1)).of(None).calls, range(100)))
    assert sorted(before) == list(range(100))
    assert all(ledger.sums().of(None).calls == 100 for ledger in ledgers)
