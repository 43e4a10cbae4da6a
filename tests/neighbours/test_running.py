"""Shuffled, spread over workers, run again, limited in time and measured, all at once."""

import json

from tests.provider import Rule

IMPORTED = ()
CROWD = ("-prandomly", "--reruns=1", "--timeout=60", "--cov=.", "--cov-report=json")


def measured(suite):
    """Percent of the lines of each file that ran."""
    files = json.loads((suite.folder / "coverage.json").read_text("utf-8"))["files"]
    return {name: one["summary"]["percent_covered"] for name, one in files.items()}


def test_a_crowd_of_plugins_changes_nothing_that_is_recorded_or_measured(suite):
    """Workers, shuffling, reruns, limits and coverage: the files of a plain run, and each attempt's calls are paid."""
    plain = suite("crowd.py")
    plain.record("-pno:randomly", "--reruns=1", DRAWN="drawn.json")
    crowd = suite("crowd.py", beside=plain)
    before = plain.provider.count
    recorded = crowd.record("-n2", *CROWD, "--randomly-seed=7", DRAWN="recorded.json")
    assert (crowd.provider.count - before, recorded.report["totals"]["live_calls"]) == (13, 13)
    paid = [recorded.test(name)["recorded"]["live"] for name in ("test_flaky", "test_flaky_in_what_it_asks")]
    assert paid == [1, 2]  # a second attempt pays only for what the first has not asked
    assert recorded.report["totals"]["calls"] == 12
    assert crowd.cassettes() == plain.cassettes()
    assert measured(crowd) == {"asking.py": 100.0, "test_crowd.py": 100.0}
    crowd.provider.stop()
    replayed = crowd.replay(*CROWD, "--randomly-seed=7", DRAWN="replayed.json")
    assert [row["findings"] for row in replayed.report["tests"]] == [[]] * 10
    drawn = [(crowd.folder / f"{name}.json").read_text("utf-8") for name in ("recorded", "replayed")]
    assert drawn[0] == drawn[1]
    assert measured(crowd) == {"asking.py": 100.0, "test_crowd.py": 100.0}
    for ran in recorded, replayed:
        assert "CoverageWarning" not in ran.text


def test_asynchronous_tests_of_three_plugins_and_two_loops(suite):
    """pytest-asyncio, anyio and pytest-trio run tests, fixtures and streams; what trio cancels is replayed so."""
    loops = suite("loops.py", script=[Rule(user="stalls", wire=b"", stall=True)])
    recorded = loops.record()
    loops.provider.stop()
    replayed = loops.replay()
    for ran in recorded, replayed:
        calls = {row["nodeid"].partition("::test_")[2]: row["calls"] for row in ran.report["tests"]}
        calls.pop("trio_is_cancelled", None)  # on a slow machine before it is sent
        assert calls == {"asyncio": 4, "anyio[asyncio]": 6, "anyio[trio]": 6, "trio": 4}
        assert [row["findings"] for row in ran.report["tests"] if row["findings"]] == []


def test_a_time_limit_in_the_middle_of_a_call_loses_nothing(suite):
    """pytest-timeout ends the process, or the test: what was paid for waits, and the tests after it are recorded."""
    limits = suite("limits.py", script=[Rule(user="never ends", wire=b"", stall=True, times=2)])
    options = ("--llmtrace-record", "-pno:randomly", "--timeout=2")
    ended = limits.run(*options, "--timeout-method=thread")
    assert (ended.exit, limits.provider.count) == (1, 2), ended.text
    (journal,) = limits.cassettes()
    assert journal == "cassettes/test_limits/test_never_ends.journal.jsonl"
    assert limits.cassettes()[journal].count(b"\n") == 2  # what it is of, and the answer that was paid for
    failed = limits.run(*options, "--timeout-method=signal")
    assert (failed.exit, limits.provider.count) == (1, 4), failed.text
    assert "test_limits.py::test_never_ends - Failed: Timeout (>2.0s) from pytest-timeout." in failed.text
    assert [(row["outcome"], row["findings"]) for row in failed.report["tests"]] == [("passed", []), ("failed", [])]
    assert journal in limits.cassettes()
    assert [row["calls"] for row in limits.record().report["tests"]] == [1, 2]
    assert (limits.provider.count, journal in limits.cassettes()) == (5, False)
