"""Cassettes that are read before it is their turn, in runs of pytest."""

from __future__ import annotations

import json

import pytest

from pytest_llmtrace._run.recording import ahead
from tests.plugin.conftest import Project

SUITE = """
    import pathlib

    FILES = pathlib.Path(__file__).parent / "cassettes" / "test_it"

    @pytest.mark.parametrize("number", range(12))
    def test_many(number):
        assert chat(f"hello {number}") == f"You said: hello {number}"

    @pytest.fixture(scope="class")
    def changing():
        CHANGING

    @pytest.mark.usefixtures("changing")
    class TestLater:
        def test_one(self):
            assert chat("one") == "You said: one"

        def test_two(self):
            CHANGING_TWO
            assert chat("two") == "You said: two"

        def test_three(self):
            assert chat("three") == "You said: three"
"""


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cassettes that were taken from what was read ahead, of recordings that count as old."""
    stems: list[str] = []
    take = ahead.Ahead.take

    def noted(self, cassette):
        ready = take(self, cassette)
        if ready is not None:
            stems.append(cassette.stem)
        return ready

    monkeypatch.setattr(ahead, "_OLD", 2**63)
    monkeypatch.setattr(ahead.Ahead, "take", noted)
    return stems


def written(project: Project, fixture: str = "pass", test: str = "pass") -> None:
    project.write(SUITE.replace("CHANGING_TWO", test).replace("CHANGING", fixture))


def test_a_suite_reports_the_same_whether_it_is_read_ahead_or_not(
    project: Project, taken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but its first test find what was read for them, and what comes of them is what it was."""
    written(project)
    project.record()
    assert taken == []
    ran = project.replay()
    assert (ran.exit, len(taken)) == (0, 14), ran.text
    monkeypatch.setattr(ahead, "_OLD", 0)
    assert project.replay().timeless == ran.timeless
    assert len(taken) == 14


EDITED = 'file.write_text(file.read_text("utf-8").replace("You said: three", "You said: nothing"), encoding="utf-8")'


@pytest.mark.parametrize("who", ["fixture", "test"])
def test_what_a_fixture_or_an_earlier_test_does_to_a_tape_counts(project: Project, taken: list[str], who: str) -> None:
    """The test whose tape it is gets the answer that stands there by now, though the old one was read before."""
    written(project)
    project.record()
    written(project, **{who: f'file = FILES / "TestLater.test_three.tape.json"; {EDITED}'})
    ran = project.replay()
    ran.outcomes(passed=14, failed=1)
    assert ran.test("test_three")["outcome"] == "failed"
    assert "TestLater.test_three" not in taken
    assert len(taken) == 13


def test_what_an_earlier_test_does_to_a_golden_trace_counts(project: Project, taken: list[str]) -> None:
    """The replay is compared with what stands there by now."""
    written(project)
    project.record()
    edit = EDITED.replace("You said: nothing", "I say: three")
    written(project, test=f'file = FILES / "TestLater.test_three.trace.yaml"; {edit}')
    ran = project.replay()
    ran.outcomes(passed=14, failed=1)
    assert [kind for kind, _ in ran.findings("test_three")] == ["drift"], json.dumps(ran.test("test_three"))
    assert "TestLater.test_three" not in taken


def test_a_broken_tape_fails_its_own_test_alone(project: Project, taken: list[str]) -> None:
    """Whoever reads it ahead says nothing."""
    written(project)
    project.record()
    tape = project.path / "cassettes/test_it/TestLater.test_two.tape.json"
    tape.write_text("{", encoding="utf-8")
    ran = project.replay()
    ran.outcomes(passed=14, errors=1)
    assert "TestLater.test_two.tape.json" in ran.text
    assert len(taken) == 13


def test_tests_that_are_selected_or_run_again_find_their_own(project: Project, taken: list[str]) -> None:
    """What pytest leaves out is not read, and a second run of a test reads for itself."""
    written(project)
    project.record()
    ran = project.replay("-k", "many and (1 or 3)")
    assert (ran.exit, len(taken)) == (0, 3), ran.text  # test_many[1], [3], [10], [11]
    written(
        project, test="import time; assert FILES.joinpath('again').exists() or FILES.joinpath('again').write_text('')"
    )
    taken.clear()
    ran = project.replay("--reruns=1")
    assert ran.test("test_two")["outcome"] == "passed", ran.text
