"""The options of what the terminal shows."""

from __future__ import annotations

import math
from typing import Literal

import pytest

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace.errors import SettingsError

Shown = int | Literal["all", "off"] | None
"""Rows of each table of the summary; `None`: nobody said, so verbosity decides."""


@frozen
class Terminal:
    """What is asked of the terminal."""

    summary: Shown = None
    by_flag: bool = False
    """Whether that was said for this run, so that it holds with `-q` too."""
    progress: float | None = None
    """Seconds between two lines of running spend; infinite: none; `None`: nobody said."""


def read_terminal(config: pytest.Config) -> Terminal:
    """Read these options. Raises: SettingsError for a value that cannot be used."""
    flag, ini = config.option.llmtrace_summary, str(config.getini("llm_summary") or "").strip()
    progress = _progress(config.option.llmtrace_progress, str(config.getini("llm_progress") or "").strip())
    if flag is not None:
        return Terminal(summary=parse_shown("--llm-summary", flag.strip()), by_flag=True, progress=progress)
    return Terminal(summary=parse_shown("llm_summary", ini) if ini else None, progress=progress)


def parse_shown(source: str, text: str) -> Shown:
    """How much of the summary is asked for. Raises: SettingsError that names the setting."""
    if text in ("all", "off"):
        return text  # type: ignore[return-value]  # narrowed by the condition
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise SettingsError(
            f"{source}={text!r}: not a number of rows from 1, `all` or `off`; write for example {source}=10"
        )
    return int(text)


def _progress(flag: str | None, ini: str) -> float | None:
    text, source = (flag.strip(), "--llm-progress") if flag is not None else (ini, "llm_progress")
    if flag is None and not ini:
        return None
    if text == "off":
        return math.inf
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise SettingsError(f"{source}={text!r}: not a number of seconds, or `off`; write for example {source}=30")
    return value
