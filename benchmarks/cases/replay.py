"""`--llm-trace` on 200 tests of 1 to 10 calls, through the OpenAI SDK and through litellm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from benchmarks.arms import FLOOR_WITHOUT_TLS, MOCKLLM, OURS, PEERS
from benchmarks.progress import begin
from benchmarks.replays import Effort, Found, calls_of, side_by_side, table_of, what_they_notice
from benchmarks.tables import Goal, Headline, Table, figure

_SLOWEST: Final = (
    "pytest-mockllm takes half a minute, whoever asks: it is measured with one client, and with litellm, sync."
)


def openai(effort: Effort) -> Iterator[Table]:
    """One client for all tests, then one for each."""
    tests = 20 if effort.quick else 200
    calls = calls_of(tests)
    begin(f"replay, OpenAI SDK, {tests} tests, one client")
    shared = side_by_side(effort, "test_calls.py", calls=calls, rounds=2 if effort.quick else 4)
    checks = "checks, by its manual"
    if not effort.quick:
        what_they_notice(effort, shared, (OURS, *PEERS), "test_calls.py", calls=calls)
        checks = "fails for another (seen)"
    goals = _goals(shared)
    title = f"Replay, {tests} tests of 1-10 calls, OpenAI SDK"
    yield table_of(
        f"{title}, one client for all",
        shared,
        goals=goals,
        checks=checks,
        notes=["agent-replay-py has a client for each test in both tables: its cassette is in the client."],
        headlines=_headlines(shared, f"{tests} tests, OpenAI SDK, one client", goals),
    )
    begin(f"replay, OpenAI SDK, {tests} tests, a client for each")
    arms = (FLOOR_WITHOUT_TLS, *(arm for arm in PEERS if arm is not MOCKLLM))
    own = side_by_side(effort, "test_calls.py", calls=calls, client="per-test", rounds=2, arms=arms)
    goals = _goals(own)
    notes, floor = [_SLOWEST], f"{figure(own.arms[0].value('cpu') or 0)} s"
    if not effort.quick:
        without = own.named(FLOOR_WITHOUT_TLS.name)
        lower = own.ours.against(without, "cpu")
        floor += f" ({figure(without.value('cpu') or 0)} s without certificates)"
        notes = [_SLOWEST, f"Against the floor whose clients read no certificates: {lower or 0:.2f}x, whole run."]
    yield table_of(
        f"{title}, a client for each",
        own,
        goals=goals,
        notes=notes,
        headlines=[
            replace(one, floor=floor) for one in _headlines(own, f"{tests} tests, OpenAI SDK, a client for each", goals)
        ],
    )


def litellm(effort: Effort) -> Iterator[Table]:
    """Synchronous, then asynchronous."""
    tests = 10 if effort.quick else 200
    for kind in ("sync",) if effort.quick else ("sync", "async"):
        begin(f"replay, litellm, {kind}, {tests} tests")
        arms = PEERS if kind == "sync" else [arm for arm in PEERS if arm is not MOCKLLM]
        test = f"test_litellm_{kind}.py"
        found = side_by_side(effort, test, calls=calls_of(tests), rounds=2, arms=arms)
        goals = _goals(found)
        yield table_of(
            f"Replay, {tests} tests of 1-10 calls, litellm, {kind}",
            found,
            goals=goals,
            notes=[_SLOWEST] if kind == "async" else [],
            headlines=_headlines(found, f"{tests} tests, litellm, {kind}", goals),
        )


def _goals(found: Found) -> list[Goal]:
    return [
        found.goal("whole run, CPU", 1.15, "cpu"),
        found.goal("each call after the first test, CPU", 1.15, "per call"),
        *found.faster(),
    ]


def _headlines(found: Found, case: str, goals: list[Goal]) -> list[Headline]:
    line = found.headline(case, goals, measured="cpu", unit="s")
    ours = f"{goals[0].measured}; each call {goals[1].measured}"
    return [replace(line, ours=ours, goal=f"{goals[0].bound} both, ahead of every such peer")]
