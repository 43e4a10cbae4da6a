"""What a CI system is told of the run without being asked for a report file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pytest_llmtrace._report.topics.outcome import rows_of
from pytest_llmtrace._settings.ci import CI
from pytest_llmtrace._settings.values import Settings


def places_in_checkout(places: Mapping[str, tuple[str, int]], settings: Settings) -> dict[str, tuple[str, int]]:
    """File and line of tests, relative to the checkout where there is one; those outside of it are left out."""
    root = settings.root.resolve()
    checkout = (settings.ci.checkout or root).resolve()
    files: dict[str, str | None] = {}
    found = {}
    for nodeid, (file, line) in places.items():
        if file not in files:
            path = Path(os.path.normpath(root / file))
            files[file] = path.relative_to(checkout).as_posix() if path.is_relative_to(checkout) else None
        named = files[file]
        if named is not None:
            found[nodeid] = (named, line)
    return found


def write_step_summary(document: Mapping[str, Any], ci: CI) -> list[str]:
    """Add the report to GitHub's summary of this step. Returns why that was not possible, where it was not.

    What other programs wrote there counts towards the limit, beyond which GitHub shows nothing of it.
    """
    if ci.step_summary is None or not _says_something(document):
        return []
    from pytest_llmtrace._report.files.github import STEP_SUMMARY  # noqa: PLC0415  # only in GitHub
    from pytest_llmtrace._report.files.markdown import markdown  # noqa: PLC0415

    try:
        used = ci.step_summary.stat().st_size if ci.step_summary.exists() else 0
        lines = list(markdown(document, STEP_SUMMARY - used - 1))
        if used + sum(len(line.encode()) + 1 for line in lines) >= STEP_SUMMARY:
            return [f"GITHUB_STEP_SUMMARY: {ci.step_summary} is full, so the report is not in it"]
        with ci.step_summary.open("a", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in (*([""] if used else []), *lines))
    except OSError as error:
        why = f"cannot write {ci.step_summary}, {error.strerror or error}"
        return [f"GITHUB_STEP_SUMMARY: {why}; in a container, mount the file, or set llm_github = annotations"]
    return []


def annotation_lines(document: Mapping[str, Any], ci: CI, problems: Iterable[str]) -> list[str]:
    """The workflow commands for GitHub; none elsewhere."""
    if not ci.annotations:
        return []
    from pytest_llmtrace._report.files.github import workflow_commands  # noqa: PLC0415  # only in GitHub

    return workflow_commands(document, list(problems))


def _says_something(document: Mapping[str, Any]) -> bool:
    return bool(rows_of(document) or document["breaches"] or document["unused"])
