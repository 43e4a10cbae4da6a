"""Under which name a recording is proposed."""

import importlib.util

import pytest

from pytest_llmtrace._model.record_flag import record_flag, settle, unsettle, working


@pytest.mark.parametrize(("installed", "flag"), [(False, "--llm-record"), (True, "--llmtrace-record")])
def test_outside_of_a_run_what_is_installed_decides(monkeypatch, installed, flag):
    """The `llmtrace` command proposes what works beside pytest-mockllm, where that is installed."""
    monkeypatch.setattr("pytest_llmtrace._model.record_flag._settled", [])
    found = importlib.util.find_spec("json" if installed else "no_such_module")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found if name == "pytest_mockllm" else None)
    assert record_flag() == flag
    assert working("`pytest --llm-record TEST`, or `pytest --llm-record-mode`") == (
        f"`pytest {flag} TEST`, or `pytest --llm-record-mode`"
    )


def test_the_innermost_run_decides_until_it_is_over():
    """Runs of pytest may be nested, and each knows whether another plugin was first."""
    settle(taken=False)
    settle(taken=True)
    assert record_flag() == "--llmtrace-record"
    unsettle()
    assert record_flag() == "--llm-record"
    unsettle()
