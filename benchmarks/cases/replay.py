"""`--llm-trace` on 200 tests of 1 to 10 calls, through the OpenAI SDK and through litellm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.arms import OURS, PEERS
from benchmarks.replays import Effort, calls_of, goal, named, side_by_side, table_of, what_they_notice
from benchmarks.rounds import Series
from benchmarks.tables import Goal, Table

_BODY = tuple(one.name for one in PEERS if "body" in one.checks)


def openai(effort: Effort) -> Iterator[Table]:
    """One client for all tests, then one for each."""
    tests = 20 if effort.quick else 200
    for client in ("shared", "per-test"):
        found = side_by_side(effort, "test_calls.py", calls=calls_of(tests), seconds=60, client=client)
        if client == "shared" and not effort.quick:
            calls = calls_of(tests)
            what_they_notice(effort, found, (OURS, *PEERS), "test_calls.py", calls=calls, client=client)
        limits = [
            goal(found, "whole run, CPU", 1.15, "cpu"),
            goal(found, "each call after the first test, CPU", 1.15, "per call"),
            *_faster(found),
        ]
        yield table_of(f"Replay, {tests} tests of 1-10 calls, OpenAI SDK, client {client}", found, goals=limits)


def litellm(effort: Effort) -> Iterator[Table]:
    """Synchronous, then asynchronous."""
    tests = 10 if effort.quick else 200
    for kind in ("sync",) if effort.quick else ("sync", "async"):
        found = side_by_side(effort, f"test_litellm_{kind}.py", calls=calls_of(tests), seconds=45)
        limits = [
            goal(found, "whole run, CPU", 1.15, "cpu"),
            goal(found, "each call after the first test, CPU", 1.15, "per call"),
            *_faster(found),
        ]
        yield table_of(f"Replay, {tests} tests of 1-10 calls, litellm, {kind}", found, goals=limits)


def _faster(found: Sequence[Series]) -> Iterator[Goal]:
    """Faster than every peer that checks the body."""
    ours = named(found, OURS.name).value("cpu") or 0.0
    for one in found:
        theirs = one.value("cpu")
        if one.name in _BODY and theirs is not None:
            yield Goal(what=f"against {one.name}", value=ours / theirs, limit=1.0)
