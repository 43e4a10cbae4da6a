"""The options around live runs, and of keeping what was observed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What is asked of live runs."""

    save: Path | None = None
    """The folder in which observed traces are kept, in any mode."""


def declare_live(group: Any, parser: pytest.Parser) -> None:  # noqa: ARG001
    """Declare these options."""
    group.addoption(
        "--llm-save",
        metavar="DIR",
        dest="llmtrace_save",
        default=None,
        help="Keep the trace that each test was seen to make, in the form of a golden trace, for `llmtrace diff`.",
    )


def read_live(config: pytest.Config) -> Live:
    """Read these options. Raises: SettingsError for a value that cannot be used."""
    return Live(save=_folder(config))


def _folder(config: pytest.Config) -> Path | None:
    """The folder for observed traces, made ready here: nothing may be paid for that cannot be kept."""
    text = config.option.llmtrace_save
    if text is None:
        return None
    from pytest_llmtrace._store.observed import claim_folder  # noqa: PLC0415  # only where it is asked for

    folder: Path = config.invocation_params.dir / text
    claim_folder(folder)
    return folder
