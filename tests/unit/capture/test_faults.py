"""Bugs that are met while an application runs."""

from __future__ import annotations

import pytest

from pytest_llmtrace._capture.exchange import ReplayStopError
from pytest_llmtrace._capture.faults import Faults, fault, noting, stopping, stray
from pytest_llmtrace.errors import SettingsError
from tests.unit.capture.conftest import Observed


def broken(error: BaseException) -> None:
    raise error


def test_a_bug_is_noted_and_the_application_goes_on() -> None:
    """With the place and without what redaction removes; a stop of ours is no bug and passes."""
    faults = Faults(lambda text: text.replace("sk-1", "***"))
    with noting(faults, "an answer could not be kept"):
        broken(KeyError("sk-1"))
    with pytest.raises(ReplayStopError), noting(faults, "an answer could not be kept"):
        broken(ReplayStopError("no answer"))

    (found,) = faults.so_far()
    assert found.text == "an answer could not be kept: KeyError('***')"
    assert found.traceback.startswith("Traceback (most recent call last):\n")
    assert found.traceback.endswith("KeyError: '***'\n")
    assert not faults.stopped


def test_where_no_answer_can_be_given_the_call_is_stopped(observed: Observed) -> None:
    """With what no SDK takes for a failed connection and tries again."""
    recorder = observed.recorder
    with (
        pytest.raises(ReplayStopError, match=r"^llmtrace: a request could not be read$"),
        stopping(recorder, "a request could not be read"),
    ):
        broken(KeyError("x"))

    assert [one.text for one in recorder.faults.so_far()] == ["a request could not be read: KeyError('x')"]
    assert recorder.cut_off(ReplayStopError("x"))


def test_what_is_no_bug_has_no_traceback() -> None:
    """A setting that cannot be used says itself what to do."""
    assert fault("a request could not be read", SettingsError("llm_x: no"), str).traceback == ""


def test_a_redaction_that_is_broken_itself_tells_nothing() -> None:
    """The kind of exception and the places are left of it."""

    def fails(_text: str) -> str:
        raise LookupError

    try:
        broken(ValueError("sk-secret"))
    except ValueError as error:
        found = fault("a request could not be read", error, fails)

    assert found.text == "a request could not be read: ValueError"
    assert "sk-secret" not in found.traceback
    assert "test_faults.py" in found.traceback


def test_a_bug_that_no_test_is_judged_for_any_more_is_the_run_s() -> None:
    """A thread may outlive its test; the same bug over and over is kept twenty times."""
    faults = Faults()
    for _ in range(30):
        faults.note("a call could not be recorded", LookupError("x"))
    assert len(faults.so_far()) == 20
    faults.over()
    faults.note("a call could not be recorded", LookupError("late"))
    assert [one.text for one in stray.take()] == ["a call could not be recorded: LookupError('late')"]
    assert stray.take() == ()
