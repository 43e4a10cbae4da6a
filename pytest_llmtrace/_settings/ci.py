"""What the CI system that runs pytest says in the environment, and the ini value that turns its reports off."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace.errors import SettingsError

GITHUB: Final = ("on", "summary", "annotations", "off")


@frozen
class CI:
    """Where a CI system wants to hear of the run, besides the report files that were asked for."""

    annotations: bool = False
    """Whether GitHub reads workflow commands from the output."""
    step_summary: Path | None = None
    """GitHub's file for the Markdown of this step."""
    checkout: Path | None = None
    """The folder that GitHub or GitLab cloned the repository to: what they call a file is relative to it."""


def read_ci(llm_github: str, env: Mapping[str, str]) -> CI:
    """Read the ini value and the environment. Raises: SettingsError for a value that is not possible."""
    wanted = llm_github.strip() or "on"
    if wanted not in GITHUB:
        raise SettingsError(f"llm_github = {wanted!r}: not possible; choose one of {', '.join(GITHUB)}")
    in_github = env.get("GITHUB_ACTIONS", "").strip().lower() == "true"
    summary = env.get("GITHUB_STEP_SUMMARY", "").strip()
    checkout = env.get("GITHUB_WORKSPACE" if in_github else "CI_PROJECT_DIR", "").strip()
    return CI(
        annotations=in_github and wanted in ("on", "annotations"),
        step_summary=Path(summary) if summary and wanted in ("on", "summary") else None,
        checkout=Path(checkout) if checkout else None,
    )
