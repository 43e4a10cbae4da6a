"""What crashed workers paid for is told, though no report of theirs came."""

from __future__ import annotations

from pathlib import Path

from pytest_llmtrace._report.wording import uncounted_line
from pytest_llmtrace._run.money.ledger import Ledger, Spent
from pytest_llmtrace._run.money.uncounted import uncounted

TEST = "test_a.py::test_x"


def spent(path: Path) -> Ledger:
    """A ledger with three calls, two of them of a worker that is gone."""
    for usd in (0.5, 0.25, 0.125):
        Ledger(path).enter(".", Spent(usd=usd, tokens=10, calls=1))
    return Ledger(path)


def test_what_no_report_counts_is_the_rest(tmp_path: Path) -> None:
    """Calls and dollars of the ledger, less those in the totals, whether or not all prices are known."""
    found = uncounted(spent(tmp_path / "ledger"), {"live_calls": 1, "live_cost_usd": 0.5}, [TEST])
    assert found == {"tests": [TEST], "live_calls": 2, "live_cost_usd": 0.375}
    part = {"live_calls": 1, "live_cost_usd": None, "live_priced_usd": 0.5}
    assert uncounted(spent(tmp_path / "other"), part, [TEST]) == found
    assert uncounted_line(found) == (
        "a worker crashed in test_a.py::test_x: 2 live calls (about $0.375) that it made are in no total. Answers that "
        "were to be recorded are in the journal of their test, where the next recording takes them from"
    )


def test_without_a_crash_all_is_in_the_totals(tmp_path: Path) -> None:
    """A call may be more than one request there: nothing is said of a difference that no crash explains."""
    ledger = spent(tmp_path / "ledger")
    assert uncounted(ledger, {"live_calls": 1, "live_cost_usd": 0.5}, []) is None
    assert uncounted(None, {"live_calls": 0, "live_cost_usd": 0.0}, [TEST]) is None
    assert uncounted(ledger, {"live_calls": 3, "live_cost_usd": 0.875}, [TEST]) is None
