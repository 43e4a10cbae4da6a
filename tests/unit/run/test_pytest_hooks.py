"""Which hooks a run has."""

from __future__ import annotations

import pytest

from pytest_llmtrace._run.pytest_hooks import Hooks
from pytest_llmtrace._settings.live import Live
from pytest_llmtrace._settings.values import Settings

OF_SOME_RUNS = {f"pytest_runtest_{name}" for name in ("logreport", "logstart", "protocol")}
"""Hooks for each test that not every run needs."""


@pytest.mark.parametrize(
    ("settings", "worker", "needed"),
    [
        (Settings(mode="trace"), False, {"pytest_runtest_logreport"}),
        (Settings(mode="trace"), True, set()),
        (Settings(mode="record"), False, {"pytest_runtest_logreport", "pytest_runtest_logstart"}),
        (Settings(mode="record", dry_run=True), False, {"pytest_runtest_logreport"}),
        (Settings(mode="live", live=Live(runs=3)), False, OF_SOME_RUNS),
        (Settings(mode="live", live=Live(runs=3)), True, {"pytest_runtest_protocol"}),
    ],
)
def test_a_run_has_the_hooks_that_it_needs(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    worker: bool,
    needed: set[str],
) -> None:
    """Workers report nothing, replays spend nothing, few runs repeat a test: no hook is called for nothing."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    config = pytester.parseconfig()
    if worker:
        vars(config)["workerinput"] = {}
    hooks = dir(Hooks(config, settings))
    assert OF_SOME_RUNS.intersection(hooks) == needed
    assert {name for name in vars(Hooks) if name.startswith("pytest_")} == {*hooks, *OF_SOME_RUNS}
