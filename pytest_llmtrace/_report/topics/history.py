"""What a run says about its history: nothing, unless something went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pytest_llmtrace._report.wording import plural

PUSH: Final = "llmtrace history push"


def sending_lines(
    *,
    database: str,
    folder: Path,
    problem: str | None,
    left: int,
    aside: Sequence[tuple[Path, str]],
    newer: Sequence[Path],
) -> Iterator[str]:
    """What became of what was to be sent; nothing where all of it was.

    Args:
        database: its name, without a password.
        folder: where runs wait.
        problem: why not everything was sent.
        left: how many runs wait.
        aside: files that no database takes, and why.
        newer: files of a later version.
    """
    if problem is not None and left:
        yield (
            f"history: {database}: {problem}; nothing is lost: {plural(left, 'run')} {_wait(left)} in {folder}, and "
            f"the next run sends what waits, or `{PUSH}`"
        )
    elif problem is not None:
        yield f"history: {database}: {problem}"
    for path, why in aside:
        yield f"history: a file that was to be sent cannot be used ({why}); it is kept as {path}"
    if newer:
        yield (
            f"history: {plural(len(newer), 'run')} of a later version of pytest-llmtrace {_wait(len(newer))} in "
            f"{folder}: pip install --upgrade pytest-llmtrace"
        )


def unkept_line(folder: Path, why: str) -> str:
    """The run could not be written to a file, so it is in no history."""
    return f"history: this run is not kept: {' '.join(why.split())} (runs are written to {folder} first)"


def _wait(number: int) -> str:
    return "waits" if number == 1 else "wait"
