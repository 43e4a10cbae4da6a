"""`--llm-save`, and `llmtrace diff` on what it kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytest_llmtrace.cli import main

TESTS = """
    def test_one():
        chat("hi")

    class TestTwo:
        def test_inner(self):
            chat("ho")
"""
FILES = ["cassettes/test_it/TestTwo.test_inner.trace.yaml", "cassettes/test_it/test_one.trace.yaml"]


def kept(folder: Path) -> list[str]:
    """The golden files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.trace.yaml"))


def diff(*args: object) -> Result:
    """Run `llmtrace diff`."""
    return CliRunner().invoke(main, ["diff", *map(str, args)])


@pytest.mark.parametrize("mode", ["--llm-record", "--llm-trace", "--llm-live"])
def test_observed_traces_are_kept_in_every_mode(project, mode):
    """Each test's trace lies where its golden trace lies, with the same bytes where nothing changed."""
    project.write(TESTS)
    project.record()
    before = project.cassettes()
    ran = project.run(mode, "--llm-save=seen")
    assert ran.exit == 0, ran.text
    assert kept(project.path / "seen") == FILES
    for file in FILES:
        assert (project.path / "seen" / file).read_bytes() == before[file]
    assert ran.report["unused"] == []


def test_what_failed_is_kept_too_and_no_key_with_it(project, monkeypatch):
    """A test that drifts leaves its trace; a secret in it is redacted as in a golden trace."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-plugin-0123456789")
    project.write("def test_one():\n    chat('hi')\n")
    project.record()
    project.edit("chat('hi')", "chat('use sk-plugin-0123456789 here')")
    project.run("--llm-live", "--llm-save=seen").outcomes(passed=1)
    project.replay("--llm-save=seen2").outcomes(failed=1)
    for folder in ("seen", "seen2"):
        text = (project.path / folder / FILES[1]).read_text("utf-8")
        assert "use" in text
        assert "sk-plugin-0123456789" not in text


def test_a_second_run_writes_into_the_same_folder(project):
    """What an earlier run has made is overwritten, and is no cassette that nobody uses."""
    project.write(TESTS)
    project.record("--llm-save=seen")
    ran = project.replay("--llm-save=seen")
    assert (ran.exit, ran.report["unused"]) == (0, [])
    assert project.replay().report["unused"] == []


def test_what_an_earlier_run_saw_is_not_taken_for_this_one(project):
    """Further runs of a test, and a test that makes no call any more, go; tests that were not asked for stay."""
    project.write(TESTS)
    project.record()
    project.run("--llm-live", "--llm-live-runs=3", "--llm-save=seen")
    further = [name.replace(".trace.yaml", f".run-{number}.trace.yaml") for name in FILES for number in (2, 3)]
    assert kept(project.path / "seen") == sorted([*FILES, *further])
    project.run("--llm-live", "--llm-save=seen", "-k", "one")
    assert kept(project.path / "seen") == sorted([*FILES, *(name for name in further if "TestTwo" in name)])
    project.edit('chat("hi")', "pass")
    project.run("--llm-live", "--llm-save=seen")
    assert kept(project.path / "seen") == FILES[:1]


@pytest.mark.parametrize("folder", [".", "notes.txt/seen"])
def test_a_folder_that_cannot_serve_is_refused_before_anything_is_paid(project, folder):
    """The project itself, which holds the golden traces, and a place that cannot be written: a usage error."""
    project.write(TESTS)
    (project.path / "notes.txt").write_text("mine", encoding="utf-8")
    ran = project.run("--llm-record", f"--llm-save={folder}")
    assert ran.exit == pytest.ExitCode.USAGE_ERROR
    assert ran.requests == 0
    error = ran.result.stderr.str()
    assert f"--llm-save={project.path / folder}: " in error
    assert "name a" in error


def test_diff_of_the_project_and_what_was_seen(project):
    """Folders are paired by name; a pair that differs is shown as a failed test shows it."""
    project.write(TESTS)
    project.record()
    project.edit('chat("hi")', 'chat("hello")')
    project.run("--llm-live", "--llm-save=seen")
    (project.path / "seen" / FILES[0]).rename(project.path / "seen" / "cassettes" / "new.trace.yaml")
    done = diff(project.path, project.path / "seen")
    assert done.exit_code == 1
    lines = done.output.splitlines()
    golden, observed = project.path / FILES[1], project.path / "seen" / FILES[1]
    assert lines[:4] == [
        f"{FILES[1]} differs",
        "",
        "  main · gpt-4o-mini · 1 turn",
        "  ~ turn 1  user message and answer changed                  <- first divergence",
    ]
    assert [line.split() for line in lines[5:7]] == [["-", "hi"], ["+", "hello"]]
    assert lines[-7:] == [
        "",
        f"  golden    {golden}",
        f"  observed  {observed}",
        "",
        f"- {FILES[0]}",
        "+ cassettes/new.trace.yaml",
        "1 of 1 trace differs, 1 added, 1 removed",
    ]
    data = json.loads(diff(project.path, project.path / "seen", "--json").output)
    assert [data["equal"], data["added"], data["removed"]] == [False, ["cassettes/new.trace.yaml"], [FILES[0]]]
    assert [(one["name"], [f["kind"] for f in one["findings"]]) for one in data["pairs"]] == [
        (FILES[1], ["user", "output"])
    ]


def test_diff_obeys_a_policy(project):
    """Under `tools` another wording is no difference: exit 0."""
    project.write("def test_one():\n    chat('hi')\n")
    project.record("--llm-save=a")
    project.edit("chat('hi')", "chat('hello')")
    project.run("--llm-live", "--llm-save=b")
    files = [project.path / folder / FILES[1] for folder in ("a", "b")]
    assert diff(*files).exit_code == 1
    done = diff(*files, "--policy", "tools")
    assert (done.exit_code, done.output) == (0, "1 trace compared, no difference\n")


def test_diff_knows_the_policies_of_the_project(project, monkeypatch):
    """A policy of the pyproject.toml in the current folder can be named."""
    project.write("def test_one():\n    chat('hi')\n")
    project.record("--llm-save=a")
    project.edit("chat('hi')", "chat('hello')")
    project.run("--llm-live", "--llm-save=b")
    monkeypatch.chdir(project.path)
    (project.path / "pyproject.toml").write_text(
        '[tool.llmtrace.policies.calm]\nseverities = {user = "ignore", output = "warn"}\n', encoding="utf-8"
    )
    done = diff("a", "b", "--policy", "calm")
    assert (done.exit_code, done.output.splitlines()[0]) == (0, f"{FILES[1]} has warnings")


def test_diff_says_what_it_cannot_use(project):
    """A damaged file, a file beside a folder, folders without traces, an unknown policy: exit 2, and named."""
    project.write("def test_one():\n    chat('hi')\n")
    project.record("--llm-save=a")
    golden = project.path / "a" / FILES[1]
    broken = project.path / "broken.trace.yaml"
    broken.write_text("llmtrace: 1\n", encoding="utf-8")
    empty = project.path / "empty"
    empty.mkdir()
    for args, said in (
        ((golden, broken), str(broken)),
        ((golden, empty), "a folder and a file cannot be compared"),
        ((empty, empty), "no golden traces"),
        ((golden, project.path / "gone"), "does not exist"),
        ((golden, golden, "--policy", "nice"), "choose one of exact, tools, outline"),
    ):
        done = diff(*args)
        assert done.exit_code == 2, done.output
        assert said in done.output
    assert diff(golden, golden).exit_code == 0
