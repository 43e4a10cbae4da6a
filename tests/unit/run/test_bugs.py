"""Bugs that pytest's hooks meet, apart from pytest."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import cast

import pytest

from pytest_llmtrace._capture.faults import Fault
from pytest_llmtrace._run.bugs import Bugs
from pytest_llmtrace._run.phase import Around, inside_of


def making(*, before: BaseException | None = None, after: BaseException | None = None) -> Around:
    @contextlib.contextmanager
    def made() -> Iterator[None]:
        if before is not None:
            raise before
        try:
            yield
        finally:
            if after is not None:
                raise after

    return made


def failing(around: Around, *, always: bool = False) -> AbstractContextManager[None]:
    met = Bugs(str).failing("it could not be judged", lambda found, _about: f"told: {found.text}")
    return inside_of(around, met, always=always)


def test_a_bug_fails_the_phase() -> None:
    """Before it and after it, with what the run says of it."""
    for around in (making(before=KeyError("x")), making(after=KeyError("x"))):
        with (
            pytest.raises(pytest.fail.Exception, match=r"^told: it could not be judged: KeyError\('x'\)$"),
            failing(around),
        ):
            pass


def test_what_the_test_raises_is_no_bug() -> None:
    """It is raised as it was, and so is a failure that we raise on purpose."""
    mine = ValueError("of the test")
    with pytest.raises(ValueError, match="of the test") as caught, failing(making()):
        raise mine
    assert caught.value is mine
    verdict = pytest.fail.Exception("drifted", pytrace=False)
    with pytest.raises(pytest.fail.Exception, match=r"^drifted$"), failing(making(after=verdict)):
        raise mine


def test_a_phase_that_must_run_runs_all_the_same() -> None:
    """Fixtures are torn down even where we cannot begin; other phases are not entered."""
    ran = []
    with pytest.raises(pytest.fail.Exception), failing(making(before=KeyError("x")), always=True):
        ran.append("teardown")
    with pytest.raises(pytest.fail.Exception), failing(making(before=KeyError("x"))):
        ran.append("call")
    assert ran == ["teardown"]


def test_who_ends_the_run_ends_it() -> None:
    """Ctrl-C is not turned into a failure by a bug that is met on the way; the bug is shown in the end."""
    bugs = Bugs(str)
    met = bugs.failing("it could not be judged", lambda found, _about: found.text)
    around = inside_of(making(after=KeyError("x")), met)
    with pytest.raises(KeyboardInterrupt), around:
        raise KeyboardInterrupt
    assert bugs.told == ["it could not be judged: KeyError('x')"]


def test_a_bug_in_telling_of_a_bug_is_told_too() -> None:
    """The failure is there, though reports know less of it."""

    def cannot(_found: Fault, _about: object) -> str:
        raise LookupError

    around = inside_of(making(before=KeyError("x")), Bugs(str).failing("it could not be judged", cannot))
    with (
        pytest.raises(pytest.fail.Exception, match=r"^llmtrace internal error\n\n  it could not be judged: Key"),
        around,
    ):
        pass


def test_outside_of_tests_the_run_goes_on() -> None:
    """What is done around it is left out."""
    bugs, ran = Bugs(str), []
    with bugs.going_on(making(before=KeyError("x")), "the collection could not be prepared"):
        ran.append("collection")
    assert ran == ["collection"]
    (text,) = bugs.told
    assert text.startswith("llmtrace internal error\n\n  the collection could not be prepared: KeyError('x')\n")
    with (
        pytest.raises(pytest.UsageError, match="of the collection"),
        bugs.going_on(making(after=KeyError("y")), "the collection could not be prepared"),
    ):
        raise pytest.UsageError("of the collection")
    assert len(bugs.told) == 2


class Session:
    """A run that is over."""

    def __init__(self, *, worker: bool) -> None:
        self.exitstatus = pytest.ExitCode.OK
        self.config = types.SimpleNamespace(workeroutput={}) if worker else types.SimpleNamespace()


@pytest.mark.parametrize("worker", [False, True])
def test_the_run_fails_in_the_end(capsys: pytest.CaptureFixture[str], *, worker: bool) -> None:
    """A worker of xdist hands its bugs to the controller, which shows each of them once."""
    bugs, session = Bugs(str), Session(worker=worker)
    bugs.settle(cast("pytest.Session", session), None, show=True)
    assert session.exitstatus == pytest.ExitCode.OK
    bugs.note("a test could not be counted", KeyError("x"))
    for _ in range(2):
        bugs.settle(cast("pytest.Session", session), None, show=True)
    assert session.exitstatus == pytest.ExitCode.TESTS_FAILED
    shown = capsys.readouterr().err.count("  a test could not be counted: KeyError('x')\n")
    assert shown == (0 if worker else 1)
    if worker:
        controller = Bugs(str)
        controller.add(vars(session.config)["workeroutput"]["llmtrace_bugs"])
        assert controller.told == bugs.told


def test_a_test_that_could_not_be_repeated_is_reported_as_failed() -> None:
    """Nothing else is reported of it."""
    reports: list[pytest.TestReport] = []

    def log(report: pytest.TestReport) -> None:
        reports.append(report)

    item = types.SimpleNamespace(
        nodeid="t.py::test_one",
        location=("t.py", 0, "test_one"),
        ihook=types.SimpleNamespace(pytest_runtest_logreport=log),
    )
    with Bugs(str).failing_item(cast("pytest.Item", item), "the test could not be repeated"):
        raise KeyError("x")
    (report,) = reports
    assert (report.nodeid, report.outcome, report.when) == ("t.py::test_one", "failed", "call")
    assert "  the test could not be repeated: KeyError('x')\n" in str(report.longrepr)
