"""The options around live runs, and of keeping what was observed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._settings.amounts import MOST_DIGITS
from pytest_llmtrace.errors import SettingsError

if TYPE_CHECKING:  # which costs every run of pytest 30 ms
    from pytest_llmtrace._model.verdict import Mode


@frozen
class Live:
    """What is asked of live runs."""

    save: Path | None = None
    """The folder in which observed traces are kept, in any mode."""
    runs: int = 1
    """How often each test runs."""
    threshold: float = 0.5
    """The share of those runs that may fail."""
    models: tuple[tuple[str, str], ...] = ()
    """Pairs of the model that tests ask for and the one that is asked in its place."""


def read_live(config: pytest.Config, mode: Mode) -> Live:
    """Read these options. Raises: SettingsError for a value that cannot be used, or has no effect in this mode."""
    runs = _runs(config.option.llmtrace_live_runs)
    if runs > 1 and mode != "live":
        raise SettingsError(f"--llm-live-runs={runs} has no effect without --llm-live")
    threshold = _threshold(config.option.llmtrace_live_threshold, config.getini("llm_live_threshold"))
    models = _models(config.option.llmtrace_model)
    if models and mode != "live":
        raise SettingsError("--llm-model has no effect without --llm-live: only real calls can ask another model")
    return Live(runs=runs, threshold=threshold, models=models, save=_folder(config))


def _models(texts: list[str]) -> tuple[tuple[str, str], ...]:
    made: dict[str, str] = {}
    for text in texts:
        old, _, new = (part.strip() for part in text.partition("="))
        if not old or not new or old == new:
            raise SettingsError(f"--llm-model={text!r}: write OLD=NEW, for example --llm-model gpt-4o=gpt-5-mini")
        if old in made:
            raise SettingsError(f"--llm-model: {old} is to be both {made[old]} and {new}; one run can ask only one")
        made[old] = new
    return tuple(made.items())


def _runs(text: str | None) -> int:
    if text is None:
        return 1
    if not text.isdecimal() or len(text) > MOST_DIGITS or not int(text):
        raise SettingsError(f"--llm-live-runs={text!r}: not a number of runs; write for example --llm-live-runs=5")
    return int(text)


def _threshold(flag: str | None, ini: str) -> float:
    text, source = (flag, "--llm-live-threshold") if flag is not None else (ini, "llm_live_threshold")
    if not text:
        return Live().threshold
    number = text.strip().removesuffix("%")
    try:
        share = float(number) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise SettingsError(
            f"{source}={text!r}: not a share of runs that may fail, from 0% to below 100%; write for example 50%"
        )
    return share


def _folder(config: pytest.Config) -> Path | None:
    """The folder for observed traces, made ready here: nothing may be paid for that cannot be kept."""
    text = config.option.llmtrace_save
    if text is None:
        return None
    from pytest_llmtrace._store.observed import claim_folder  # noqa: PLC0415  # only where it is asked for

    folder: Path = config.invocation_params.dir / text
    claim_folder(folder)
    return folder
