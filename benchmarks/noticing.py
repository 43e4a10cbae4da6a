"""What each recorder makes of a change, seen by running it: ``make docs-comparison`` draws docs/comparison.md.

One test is recorded by each arm at its pinned version, then run again with one thing changed at a time. Nothing is
taken from a manual. It takes some minutes, and needs the package index once.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.arms import OURS, PEERS, Arm
from benchmarks.environments import PLACE, ROOT, CannotInstallError
from benchmarks.processes import Ran
from benchmarks.progress import say
from benchmarks.projects import Project, Provider
from benchmarks.rounds import CannotRunError

SEEN: Final = ROOT / "benchmarks" / "comparison.json"
PAGE: Final = ROOT / "docs" / "comparison.md"
TEST: Final = "test_changes.py"
CHANGES: Final = ("prompt", "model", "parameter", "tools", "tool result", "a call more", "a call fewer")
WORDS: Final = {"BENCH_OLD": "Look everything up", "BENCH_NEW": "Look nothing up"}
SECRET: Final = "sk-proj-" + "Ab3dEf6hIj9kLm2nOp5q" * 2
"""A made-up key, in a prompt."""
API_KEY: Final = "sk-bench-no-key"
"""How the keys begin that clients prove themselves with."""
ROWS: Final = {
    "nothing": "replays with nothing changed",
    "prompt": "another prompt",
    "model": "another model",
    "parameter": "another temperature",
    "tools": "a tool fewer on offer",
    "tool result": "a tool result that differs",
    "a call more": "a call that was not recorded",
    "a call fewer": "a recorded call that is not made",
    "no recording": "no recording at all",
    "shown": "the failure for another prompt shows old and new",
    "key": "the API key of the client is in the recording",
    "secret": "a key in a prompt is in the recording",
    "bytes": "recording the same again gives the same bytes",
    "cost": "the run says what it cost",
}
INTRODUCTION: Final = """# Comparison with other recorders

What each recorder makes of a change, **seen by running it**: one test of an agent with two calls through the OpenAI SDK
is recorded by each, then run again with one thing changed at a time. Nothing here is read from a manual. Where an
arm says "body", bodies are matched as its manual says; of agent-replay-py, differences are errors.

    make docs-comparison

measures it and draws this page. "fails": the test fails, and nothing reaches the provider. "passes": the test is green.
"goes live": calls reached the provider. Versions are pinned, and newer ones may do better.
"""
OUTRO: Final = """
What is in recordings is seen with the settings that a tool comes with: pytest-recording leaves out the headers that
`filter_headers` names.

How long each takes is in [the benchmarks](reference/benchmarks.md). What no replay can see, whoever
recorded it, is in [what replay cannot see](concepts/what-replay-cannot-see.md). Coming from pytest-recording or vcrpy:
[adopt the suite](how-to/adopt-vcrpy.md).
"""


def main() -> None:
    """Run every arm, write what was seen, and draw the page."""
    arms = (OURS, *PEERS)
    with Provider() as provider, ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = list(pool.map(lambda arm: _seen(arm, provider), arms))
    found = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "python": platform.python_version(),
        "arms": [{"name": arm.name, "version": version(arm), "seen": one} for arm, one in zip(arms, seen, strict=True)],
    }
    SEEN.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    PAGE.write_text(page(found), "utf-8")
    say(f"drew {PAGE.relative_to(ROOT)}")


def page(found: Mapping[str, Any]) -> str:
    """The whole page."""
    return "".join(f"{line}\n" for line in _page(found))


def _page(found: Mapping[str, Any]) -> Iterator[str]:
    arms = found["arms"]
    yield INTRODUCTION
    yield f"Seen on {found['date']} with Python {found['python']}."
    yield ""
    yield f"| | {' | '.join(arm['name'] for arm in arms)} |"
    yield f"|---|{'---|' * len(arms)}"
    yield f"| version | {' | '.join(arm['version'] for arm in arms)} |"
    for row, title in ROWS.items():
        yield f"| {title} | {' | '.join(arm['seen'].get(row, '-') for arm in arms)} |"
    for arm in arms:
        if "cannot" in arm["seen"]:
            yield from ("", f"{arm['name']}: {arm['seen']['cannot']}")
    yield OUTRO.rstrip("\n")


def version(arm: Arm) -> str:
    """The version that an arm is run at."""
    if arm is OURS:
        return "this revision"
    return arm.requirements[0].partition("==")[2]


def _seen(arm: Arm, provider: Provider) -> dict[str, str]:
    """What one arm made of everything."""
    say(f"{arm.name} ...")
    try:
        return dict(_each(arm, provider))
    except (CannotRunError, CannotInstallError) as error:
        return {"cannot": str(error)}


def _each(arm: Arm, provider: Provider) -> Iterator[tuple[str, str]]:
    project = Project(arm=arm, test=TEST, folder=PLACE / "changes" / arm.slug, provider=provider)
    first = _recorded(project)
    again = _recorded(project)
    yield "bytes", _yes(again == first)
    yield "key", _yes(any(API_KEY.encode() in content for content in first.values()))
    unchanged = project.attempt()
    yield "nothing", _verdict(unchanged, good=True)
    yield "cost", _yes("$" in unchanged.output)
    for change in CHANGES:
        ran = project.attempt(env={**WORDS, "BENCH_CHANGE": change})
        yield change, _verdict(ran)
        if change == "prompt":
            shown = ran.status == 1 and all(word in ran.output for word in WORDS.values())
            yield "shown", _yes(shown) if ran.status == 1 else "-"
    yield "secret", _yes(any(SECRET.encode() in one for one in _recorded(project, BENCH_SECRET=SECRET).values()))
    project.clear()
    yield "no recording", _verdict(project.attempt())


def _recorded(project: Project, **env: str) -> dict[str, bytes]:
    """Record from scratch; the files of the recording. Raises: `CannotRunError`."""
    project.clear()
    if project.arm.record is not None:
        replace(project, env=env).record()
    own = {TEST, "conftest.py", "pytest.ini"}
    files = (path for path in sorted(project.folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {_name(path, project): path.read_bytes() for path in files if path.name not in own}


def _name(path: Path, project: Project) -> str:
    return path.relative_to(project.folder).as_posix()


def _verdict(ran: Ran, *, good: bool = False) -> str:
    if ran.live:
        return "goes live"
    if ran.status in (0, 1):
        said = "passes" if ran.status == 0 else "fails"
        return said if good or "skipped" not in ran.output else "is skipped"
    return f"exit status {ran.status}"


def _yes(value: object) -> str:
    return "yes" if value else "no"


if __name__ == "__main__":
    main()
