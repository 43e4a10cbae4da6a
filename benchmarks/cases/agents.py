"""One agent of T turns, each request repeating the whole history: time, memory, size on disk, loading and saving."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.arms import CASSETTER, CASSETTER_BODY, MOCKLLM, OURS, RECORDING, RECORDING_BODY
from benchmarks.progress import begin
from benchmarks.projects import Project
from benchmarks.replays import Effort, Found, side_by_side, table_of
from benchmarks.scripts import measured_inside
from benchmarks.tables import Cell, Goal, Headline, Table, figure

_PEERS = {
    10: (RECORDING, RECORDING_BODY, CASSETTER, CASSETTER_BODY, MOCKLLM),
    50: (RECORDING, RECORDING_BODY, CASSETTER, CASSETTER_BODY, MOCKLLM),
    200: (RECORDING, CASSETTER_BODY),
    500: (),
}
"""Who is still in reach: the others take minutes, and at 500 turns their cassettes have 300 MB."""
_ROUNDS = {10: 4, 50: 4, 200: 2, 500: 2}
_AGENTS = {10: 10}
"""How many agents of so many turns there are, one after the other, where one alone is too short to be measured.

Ten turns take 26 ms, of which one garbage collection, wherever it comes, is 6 %."""
_MEMORY = 10
"""Times the distinct content, at most: what was sent and its reading are held besides the tape."""


def agents(effort: Effort) -> Iterator[Table]:
    """Of 10, 50, 200 and 500 turns; the first test of each run makes one call, and pays for what is imported."""
    sizes: list[list[Cell]] = []
    goals: list[Goal] = []
    memory: list[tuple[int, float, float]] = []
    for turns in (50,) if effort.quick else tuple(_PEERS):
        begin(f"one agent of {turns} turns")
        agents_of_them = _AGENTS.get(turns, 1)
        calls = ",".join(("1", *[str(turns)] * agents_of_them))
        found = side_by_side(
            effort,
            "test_calls.py",
            calls=calls,
            rounds=2 if effort.quick else _ROUNDS[turns],
            arms=_PEERS[turns],
        )
        limit = found.goal(f"each call at {turns} turns, CPU", 1.10, "per call")
        yield table_of(
            f"Replay, one agent of {turns} turns",
            found,
            goals=[limit],
            notes=[f"{agents_of_them} agents, one after the other, a test each."] if agents_of_them > 1 else [],
            headlines=[
                found.headline(f"one agent of {turns} turns: each call", [limit], measured="per call", unit="ms")
            ],
        )
        project = Project.of(OURS, "test_calls.py", effort.provider, calls=calls)
        stored = measured_inside("storage.py", str(project.folder), calls)
        content = stored["content"]
        memory.append((turns, _more(found), content / 2**20))
        for one in found.arms:
            size = one.value("size")
            if size:
                times = [1000 * stored["load"], 1000 * stored["save"]] if one.name == OURS.name else [None, None]
                sizes.append([f"{turns} turns, {one.name}", size / 1e6, size / stored["content of all tests"], *times])
        replayed = (found.ours.value("per call") or 0.0) * turns
        size_goal = Goal(what=f"{turns} turns, tape and golden on disk", value=stored["files"] / content, limit=2.5)
        load_goal = Goal(
            what=f"{turns} turns, loading / replay", value=1000 * stored["load"] / replayed, limit=0.1, unit=""
        )
        goals += [size_goal, load_goal]
    if len(memory) > 1:
        (_, least, small), (_, most, large) = memory[0], memory[-1]
        goals.append(
            Goal(what="memory that grows, x distinct content", value=(most - least) / (large - small), limit=_MEMORY)
        )
    yield Table(
        title="On disk, against the distinct content (each message, each tool and the rest of each response once)",
        columns=("recording", "MB", "x content", "load ms", "save ms"),
        rows=sizes,
        goals=goals,
        notes=[
            f"{turns} turns: {more:.1f} MiB more than the floor at the peak, {content:.2f} MiB of distinct content."
            for turns, more, content in memory
        ],
        headlines=[_headline(goals)],
    )


def _headline(goals: Sequence[Goal]) -> Headline:
    size, loading = (max(one.value for one in goals if word in one.what) for word in ("on disk", "loading"))
    return Headline(
        case="the same on disk; loading, of the replay",
        floor="distinct content",
        ours=f"{figure(size)}x; {100 * loading:.1f} % at most",
        goal="2.5x; 10 %",
        met=all(one.met for one in goals),
    )


def _more(found: Found) -> float:
    """MiB that ours held above the floor."""
    return (found.ours.value("peak") or 0.0) - (found.arms[0].value("peak") or 0.0)
