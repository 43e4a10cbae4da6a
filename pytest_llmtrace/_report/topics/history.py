"""Words about histories: what a run says where something went wrong, and how runs, changes and drift are named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.trend import Measured, PastRun, change
from pytest_llmtrace._report.money import percent
from pytest_llmtrace._report.wording import plural

PUSH: Final = "llmtrace history push"
_NOTICED: Final = 0.0005
"""A change that is shown as one: half of what the last digit says."""


def sending_lines(
    *,
    database: str,
    folder: Path,
    problem: str | None,
    left: int,
    aside: Sequence[tuple[Path, str]],
    newer: Sequence[Path],
    resent: bool = True,
) -> Iterator[str]:
    """What became of what was to be sent; nothing where all of it was.

    Args:
        database: its name, without a password.
        folder: where runs wait.
        problem: why not everything was sent.
        left: how many runs wait.
        aside: files that no database takes, and why.
        newer: files of a later version.
        resent: whether the next run looks there.
    """
    if problem is not None and left:
        yield (
            f"history: {database}: {problem}; nothing is lost: {plural(left, 'run')} {_wait(left)} in {folder}"
            + (f", and the next run sends what waits, or `{PUSH}`" if resent else "")
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


def moved_line(folder: Path, root: Path, why: str) -> str:
    """Where a run waits that could not be written where runs wait."""
    return (
        f"history: {folder} cannot be written ({' '.join(why.split())}): send what waits with `cd {root} && {PUSH} URL`"
    )


def unkept_line(why: str) -> str:
    """The run could be written nowhere, so it is in no history."""
    return f"history: this run is not kept: {' '.join(why.split())}"


def run_name(run: PastRun) -> str:
    """The commit in short, with a star where files were changed since; or that there is none."""
    return f"{run.commit[:7]}{'*' if run.dirty else ''}" if run.commit else "(no commit)"


def changed_by(before: Decimal | float | None, after: Decimal | float | None) -> str:
    """``+12 %``, ``-3.1 %``, ``=``; nothing where nothing can be said."""
    found = change(before, after)
    if found is None:
        return ""
    return "=" if abs(found) < _NOTICED else f"{'+' if found > 0 else '-'}{percent(abs(found))}"


def drift_text(point: Measured) -> str:
    """What drifted: ``prompt, tool_call (3)``."""
    return _counted(point.drift)


def accepted_text(point: Measured) -> str:
    """What drifted and was accepted by recording it."""
    return _counted(point.accepted)


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(kind if number == 1 else f"{kind} ({number})" for kind, number in kinds.items())


def _wait(number: int) -> str:
    return "waits" if number == 1 else "wait"
