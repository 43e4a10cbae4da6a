"""One agent of T turns, each request repeating the whole history: time, memory, size on disk, loading and saving."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.arms import CASSETTER, CASSETTER_BODY, MOCKLLM, OURS, RECORDING, RECORDING_BODY
from benchmarks.projects import Project
from benchmarks.replays import Effort, goal, named, side_by_side, table_of
from benchmarks.scripts import measured_inside
from benchmarks.tables import Cell, Goal, Table

_PEERS = {
    10: (RECORDING, RECORDING_BODY, CASSETTER, CASSETTER_BODY, MOCKLLM),
    50: (RECORDING, RECORDING_BODY, CASSETTER, CASSETTER_BODY, MOCKLLM),
    200: (RECORDING,),
    500: (),
}
"""Who is still in reach: the others take minutes."""


def agents(effort: Effort) -> Iterator[Table]:
    """Of 10, 50, 200 and 500 turns; the first test of each run makes one call, and pays for what is imported."""
    sizes: list[list[Cell]] = []
    goals = []
    for turns in (50,) if effort.quick else tuple(_PEERS):
        found = side_by_side(
            effort, "test_calls.py", calls=f"1,{turns}", seconds=min(60, 10 + turns / 4), peers=_PEERS[turns]
        )
        yield table_of(
            f"Replay, one agent of {turns} turns",
            found,
            goals=[goal(found, f"each call at {turns} turns, CPU", 1.10, "per call")],
        )
        project = Project.of(OURS, "test_calls.py", effort.provider, calls=f"1,{turns}")
        stored = measured_inside("storage.py", str(project.folder), str(turns))
        replayed = (named(found, OURS.name).value("per call") or 0.0) * turns
        content = stored["content"]
        for one in found:
            size = one.value("size")
            if size:
                sizes.append([f"{turns} turns, {one.name}", size / 1e6, size / content, *_times(one.name, stored)])
        goals += [
            Goal(what=f"{turns} turns, tape and golden on disk", value=stored["files"] / content, limit=2.5),
            Goal(what=f"{turns} turns, loading / replay", value=1000 * stored["load"] / replayed, limit=0.1, unit=""),
        ]
    yield Table(
        title="On disk, against the distinct content (each message, each tool and the rest of each response once)",
        columns=("recording", "MB", "x content", "load ms", "save ms"),
        rows=sizes,
        goals=goals,
    )


def _times(name: str, stored: dict[str, float]) -> list[Cell]:
    return [1000 * stored["load"], 1000 * stored["save"]] if name == OURS.name else [None, None]
