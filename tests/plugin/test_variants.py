"""Several accepted trajectories of one test: `llmtrace accept`, and live mode."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from pytest_llmtrace.cli import main
from tests.plugin.conftest import AGENT

GOLDEN = "cassettes/test_it/test_agent.trace.yaml"
VARIANT = "cassettes/test_it/test_agent.variant-1.trace.yaml"
TWO = AGENT.replace('("refund", "lookup")', '("refund", "lookup", "cancel")') + (
    '        chat("and then?", tools=TOOLS)\n        chat("and then?!", tools=TOOLS)\n'
)


def accept(project, *args: object) -> Result:
    """Run `llmtrace accept` on the golden trace of the project."""
    return CliRunner().invoke(main, ["accept", str(project.path / GOLDEN), *map(str, args)])


def with_variant(project, folder="seen") -> None:
    """Record, see what the model does next, and accept that as well."""
    project.record()
    project.run("--llm-live", f"--llm-save={folder}")
    done = accept(project, "--variant", project.path / folder / GOLDEN)
    assert (done.exit_code, done.output) == (0, f"accepted: {project.path / VARIANT}\n")


def test_a_live_run_passes_when_it_matches_a_variant(scripted):
    """The golden trace, or the variant; the report says which one, and a third trajectory fails."""
    project = scripted("tool refund", "tool lookup", "tool lookup", "tool refund", "words")
    with_variant(project)
    ran = project.run("--llm-live")
    ran.outcomes(passed=1)
    assert (ran.findings("agent"), ran.test("agent")["variants"]) == ([], {VARIANT: 1})
    ran = project.run("--llm-live")
    ran.outcomes(passed=1)
    assert "variants" not in ran.test("agent")
    project.run("--llm-live").outcomes(failed=1)


def test_repeated_runs_may_match_different_ones(scripted):
    """Three runs, two of the golden trace and one of the variant: nothing to say."""
    project = scripted("tool refund", "tool lookup", "tool refund", "tool lookup", "tool refund")
    with_variant(project)
    ran = project.run("--llm-live", "--llm-live-runs=3", "--llm-live-threshold=0%")
    ran.outcomes(passed=1)
    assert (ran.test("agent")["variants"], ran.test("agent")["runs"]["failed"]) == ({VARIANT: 1}, 0)


def test_a_failure_compares_with_the_nearest(scripted):
    """Two of three tools are those of the variant: the screen shows the third against it."""
    first, second, third = ["refund"] * 3, ["lookup"] * 3, ["lookup", "lookup", "cancel"]
    project = scripted(*(f"tool {name}" for name in (*first, *second, *third)), source=TWO)
    with_variant(project)
    ran = project.run("--llm-live")
    ran.outcomes(failed=1)
    (found,) = [one for one in ran.test("agent")["findings"] if one["severity"] == "fail"]
    assert (found["golden"], found["observed"]) == ("lookup", "cancel")
    assert f"  golden  {VARIANT}" in ran.text
    assert ran.test("agent")["golden"] == GOLDEN


def test_replay_compares_with_the_golden_trace_alone(scripted):
    """A variant changes no file of the recording, and trace mode does not look at it."""
    project = scripted("tool refund", "tool lookup")
    project.record()
    before = project.cassettes()
    with_variant(project)
    after = {name: data for name, data in project.cassettes().items() if not name.startswith("seen/")}
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {VARIANT}
    (project.path / VARIANT).write_text("no golden trace", encoding="utf-8")
    assert project.replay().exit == 0
    ran = project.run("--llm-live")
    assert (ran.exit, VARIANT in ran.text) == (1, True)


def test_variants_are_used_as_long_as_their_test_is(scripted):
    """A variant is no cassette of its own, and unused when its golden trace is."""
    project = scripted("tool refund", "tool lookup")
    with_variant(project, "other")
    assert project.replay().report["unused"] == []
    shown = CliRunner().invoke(main, ["stats", str(project.path)])
    assert (shown.exit_code, shown.output.count("test_agent")) == (0, 1)
    diff = CliRunner().invoke(main, ["diff", str(project.path), str(project.path / "other"), "--policy", "outline"])
    assert diff.output.splitlines()[-1] == "1 of 1 trace differs"
    project.edit("def test_agent", "def test_renamed")
    assert VARIANT in project.run("--llm-trace").report["unused"]


def test_recording_a_test_without_calls_removes_its_variants(scripted):
    """When the cassette goes, its variants go."""
    project = scripted("tool refund", "tool lookup")
    with_variant(project)
    project.edit('chat("order 123", tools=TOOLS)', "pass")
    project.record()
    assert [name for name in project.cassettes() if not name.startswith("seen/")] == []


def test_accept_lists_and_removes(scripted):
    """Numbers stay what they are when another variant goes."""
    project = scripted("tool refund", "tool lookup", "words")
    with_variant(project)
    project.run("--llm-live", "--llm-save=seen")
    second = VARIANT.replace("variant-1", "variant-2")
    assert accept(project, "--variant", project.path / "seen" / GOLDEN).output == f"accepted: {project.path / second}\n"
    assert accept(project, "--list").output.splitlines() == [
        str(project.path / GOLDEN),
        "  1 call: refund",
        str(project.path / VARIANT),
        "  1 call: lookup",
        str(project.path / second),
        "  1 call: no tools",
    ]
    assert accept(project, "--remove", 1).output == f"removed: {project.path / VARIANT}\n"
    done = accept(project, "--remove", 1)
    assert (done.exit_code, "there is no variant 1; there are 2" in done.output) == (2, True)
    again = accept(project, "--variant", project.path / "seen" / GOLDEN)
    assert (again.exit_code, "accepts this trajectory already" in again.output) == (0, True)


def test_accept_refuses_what_does_not_belong(scripted):
    """A trace of another test, a variant as the main file, no or two wishes: exit 2, and the reason."""
    project = scripted("tool refund", "tool lookup")
    with_variant(project)
    other = project.path / "other.trace.yaml"
    text = (project.path / GOLDEN).read_text("utf-8")
    other.write_text(text.replace("test_agent", "test_other"), encoding="utf-8")
    done = accept(project, "--variant", other)
    assert (done.exit_code, "is a trace of test_it.py::test_other" in done.output) == (2, True)
    done = CliRunner().invoke(main, ["accept", str(project.path / VARIANT), "--list"])
    assert (done.exit_code, "not the golden trace of a test" in done.output) == (2, True)
    assert accept(project).exit_code == 2
    assert accept(project, "--list", "--remove", 1).exit_code == 2


@pytest.mark.parametrize("file", [GOLDEN, VARIANT])
def test_nothing_is_paid_for_that_cannot_be_compared(scripted, file):
    """A live run that has a broken file to be compared with fails before its first call, and names the file."""
    project = scripted("tool refund", "tool lookup")
    with_variant(project)
    (project.path / file).write_text("llmtrace: 1\ntest: [", encoding="utf-8")
    ran = project.run("--llm-live")
    assert (ran.requests, ran.exit) == (0, 1)
    assert f"{file}, line 3: this cassette file cannot be read" in " ".join(ran.text.split())
