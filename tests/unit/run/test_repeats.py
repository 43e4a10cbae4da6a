"""What pytest's runner must go on giving us, so that a test can be repeated."""

from __future__ import annotations

import inspect

from pytest_llmtrace._run.repeats import phase_runner


def test_pytest_runs_a_phase_as_it_did(pytestconfig):
    """Canary: the runner takes the item, the phase, whether to report, and what the phase's hook gets."""
    assert list(inspect.signature(phase_runner(pytestconfig)).parameters) == ["item", "when", "log", "kwds"]
