"""Which budgets hold for one test: markers, nearest first, then the default of the project; and those it shares."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import pytest

from pytest_llmtrace._model.limits import Limit, lies_in
from pytest_llmtrace._run.plans.marks import BUDGET, Marks
from pytest_llmtrace._settings.amounts import WHATS
from pytest_llmtrace._settings.values import Settings


def limits_of_test(item: pytest.Item, marks: Marks, settings: Settings) -> tuple[Limit, ...]:
    """What this test may use: of each thing, what the nearest marker says that names it, else the default.

    Args:
        item: The test.
        marks: Its marks.
        settings: have the defaults.

    Raises:
        SettingsError: a marker cannot be used.
    """
    budgets = marks.get(BUDGET, ())
    if not budgets and not settings.budgets.test:
        return ()
    found: dict[str, Limit | None] = {}
    for node, mark in budgets:
        from pytest_llmtrace._settings.markers import budget_marker  # noqa: PLC0415

        marker = budget_marker(mark.args, mark.kwargs)
        for what in WHATS:
            if what in mark.kwargs and what not in found:
                value = getattr(marker, what)
                source = f"@pytest.mark.llm_budget({what}=...){_place(node, item)}"
                limit = Limit(scope=item.nodeid, what=what, value=value, source=source) if value is not None else None
                found[what] = limit
    for default in settings.budgets.test:
        found.setdefault(default.what, replace(default, scope=item.nodeid))
    return tuple(limit for what in WHATS if (limit := found.get(what)) is not None)


def shared_limits(directory: str, settings: Settings) -> tuple[Limit, ...]:
    """The budgets that an owner in this directory shares with others: those of the run and of directories."""
    around = (one for one in settings.budgets.directories if lies_in(directory, one.scope))
    return (*settings.budgets.run, *around)


def directory_of(nodeid: str) -> str:
    """The directory of a test, relative to the root directory."""
    return _directory(nodeid.partition("::")[0])


@functools.lru_cache(maxsize=16)  # the tests of a file come one after the other
def _directory(file: str) -> str:
    return PurePosixPath(file).parent.as_posix()


def _place(node: Any, item: pytest.Item) -> str:
    """Where a marker stands that is not at the test itself."""
    if node is item:
        return ""
    return f" of {type(node).__name__.lower()} {node.name or node.nodeid}"
