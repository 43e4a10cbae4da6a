"""The end of a run whose disk refuses what was recorded."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_llmtrace._run.controller import Controller
from pytest_llmtrace._settings.values import Settings
from pytest_llmtrace._store.settling import Settling
from pytest_llmtrace.errors import StorageError


@pytest.mark.parametrize("refused", [True, False])
def test_a_disk_that_refuses_fails_the_run(monkeypatch: pytest.MonkeyPatch, *, refused: bool) -> None:
    """Its tests have passed by then, and only the journals hold for sure what was paid for."""

    def settle() -> None:
        if refused:
            raise StorageError("cassettes could not be written: Input/output error")

    settling = Settling()
    monkeypatch.setattr(settling, "settle", settle)
    session: Any = SimpleNamespace(
        exitstatus=pytest.ExitCode.OK, config=SimpleNamespace(option=SimpleNamespace(collectonly=False))
    )
    coverage: Any = SimpleNamespace(is_full=lambda _: False)
    controller = Controller(Settings(mode="record"))
    controller.add([], problems=settling.finish())
    assert controller.finish(session, coverage, lambda _: contextlib.nullcontext()) == (
        pytest.ExitCode.TESTS_FAILED if refused else pytest.ExitCode.OK
    )
    said: list[str] = []
    terminal: Any = SimpleNamespace(
        _tw=SimpleNamespace(fullwidth=200),
        verbosity=0,
        write_sep=lambda *_: None,
        write_line=lambda text, **_: said.append(text),
    )
    controller.summarise(terminal)
    told = "cassettes could not be written: Input/output error; what was paid for is in the journals beside it"
    assert any(told in line for line in said) is refused
