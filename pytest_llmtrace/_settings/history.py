"""The option of what is kept of a run beyond its end: the database of the project's history."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Final

import pytest

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._settings.early import HISTORY

if TYPE_CHECKING:
    from pytest_llmtrace._history.address import Database

OFF: Final = "off"


@frozen
class History:
    """Where this run is kept."""

    database: Database
    started: float = field(default_factory=time.time)
    """When the run began, in seconds since the epoch."""


def read_history(config: pytest.Config, env: Mapping[str, str]) -> History | None:
    """Where the run is kept; `None`: nowhere. The flag beats the environment, which beats the ini value.

    Raises:
        SettingsError: no such database can be used, or what it needs is not installed.
    """
    started = config.invocation_params.dir
    found = (
        (config.option.llmtrace_history, "--llm-history", started),
        (env.get(HISTORY) or None, HISTORY, started),
        (str(config.getini("llm_history") or "") or None, "llm_history", config.rootpath),
    )
    for value, source, folder in found:
        if value is not None:
            if value.strip() == OFF:
                return None
            from pytest_llmtrace._history.address import check_installed, database  # noqa: PLC0415  # where it is asked for

            named = database(value.strip(), source, folder)
            check_installed(named, source)
            return History(database=named)
    return None
