"""What every command of `llmtrace` takes: node ids for files, colours, pipes that close; and what shells complete."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from pytest_llmtrace._commands.output import page_lines
from pytest_llmtrace._report.layout import Line
from pytest_llmtrace.cli import main
from tests.unit.cassette_tree import record

ONE = "tests/test_a.py::test_one"


def run(*args: str, **env: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, list(args), env={"COLUMNS": "90", "NO_COLOR": "", "FORCE_COLOR": "", **env})


def completed(*args: str) -> list[str]:
    """What a shell would offer for the last argument."""
    *before, last = args
    found = ShellComplete(main, {}, "llmtrace", "_LLMTRACE_COMPLETE").get_completions(before, last)
    return [f"<{item.type}>" if item.type != "plain" else item.value for item in found]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a few recorded tests."""
    monkeypatch.chdir(tmp_path)
    record(tmp_path, ONE, [("First", "1"), ("Second", "2"), ("Third", "3")])
    for parameter in ("a", "b"):
        record(tmp_path, f"tests/test_a.py::test_each[{parameter}]")
    record(tmp_path, "tests/test_a.py::test_alone[x]")
    return tmp_path


def test_a_node_id_names_the_cassette_of_its_test(project, monkeypatch):
    """In every command that takes a cassette, also from below the root directory, or of the only parameter there is."""
    shown = run("show", ONE)
    assert shown.exit_code == 0
    assert shown.output.startswith(f"{ONE}\n")
    assert run("check", ONE).output == "1 cassette checked, no problem\n"
    assert run("accept", ONE, "--list").output.startswith("tests/cassettes/test_a/test_one.trace.yaml\n")
    assert run("diff", ONE, ONE).output == "1 trace compared, no difference\n"
    assert run("show", "tests/test_a.py::test_each[b]").output.startswith("tests/test_a.py::test_each[b]\n")
    assert run("show", "tests/test_a.py::test_alone").output.startswith("tests/test_a.py::test_alone[x]\n")
    assert len(run("export", ONE).output.splitlines()) == 3
    monkeypatch.chdir(project / "tests")
    assert run("show", ONE).exit_code == 0


def test_a_node_id_without_a_cassette_says_what_there_is(project):
    """Its parameters; or how it is recorded; or that there is no such file."""
    several = run("show", "tests/test_a.py::test_each")
    assert several.exit_code == 2
    assert "has several cassettes; name one:\n  tests/test_a.py::test_each[a]\n  tests/test_a.py::test_each[b]" in (
        several.output
    )
    never = run("show", "tests/test_a.py::test_never").output
    assert "no cassette at tests/cassettes/test_a/test_never.trace.yaml; `pytest --llm-record" in never
    assert "there is no file tests/test_b.py" in run("show", "tests/test_b.py::test_never").output


def test_shells_complete_commands_files_and_recorded_tests(project):
    """A folder or a file by the shell itself; after a test file the tests that are recorded of it."""
    assert completed("pr") == ["prune"]
    assert completed("show", "tes") == ["<file>"]
    tests = ["test_alone[x]", "test_each[a]", "test_each[b]", "test_one"]
    assert completed("show", "tests/test_a.py") == [f"tests/test_a.py::{test}" for test in tests]
    for command in ("check", "policy", "diff"):
        assert completed(command, "tests/test_a.py::test_o") == [ONE]
    assert completed("stats", "--sort", "c") == ["cost", "calls"]


def test_one_conversation_or_some_turns_can_be_shown(project):
    """With the totals of what is shown; labels, numbers and ranges; in words and as data."""
    shown = run("show", ONE, "--turn", "2-3").output
    assert [word for word in ("First", "Second", "Third") if word in shown] == ["Second", "Third"]
    assert shown.splitlines()[-1].startswith("2 calls · ")
    assert run("show", ONE, "--conversation", "main").output == run("show", ONE).output
    assert run("show", ONE, "--conversation", "1").output == run("show", ONE).output
    data = json.loads(run("show", ONE, "--turn", "1", "--json").output)
    assert (data["totals"]["calls"], [len(one["messages"]) for one in data["entries"]]) == (1, [1])


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--turn", "7", "there is no turn 7; the last one is turn 3"),
        ("--turn", "last", "'last' names no turns; give a number such as 3, or a range such as 2-5"),
        ("--conversation", "lead", "there is no conversation 'lead'; there are main"),
    ],
)
def test_what_is_not_there_to_be_shown_is_said(project, option, value, said):
    """With what there is; exit status 2."""
    refused = run("show", ONE, option, value)
    assert refused.exit_code == 2
    assert said in refused.output


def test_colours_are_asked_for_or_refused(project):
    """By an option before the command or after it, else by NO_COLOR and FORCE_COLOR, else by the terminal."""

    def coloured(*args: str, **env: str) -> bool:
        return "\x1b[" in run(*args, **env).output

    assert not coloured("stats")
    assert coloured("--color", "stats")
    assert coloured("stats", "--color")
    assert coloured("stats", FORCE_COLOR="1")
    assert not coloured("stats", FORCE_COLOR="1", NO_COLOR="1")
    assert not coloured("--color", "stats", "--no-color")
    assert coloured("stats", "--color", NO_COLOR="1")


def test_a_pager_is_for_terminals_and_for_those_who_ask(monkeypatch, capsys):
    """A pipe gets the lines as they are, however many; asked for, the pager gets them."""
    lines = [Line(text=f"line {number}") for number in range(200)]
    paged: list[str] = []
    monkeypatch.setattr("click.echo_via_pager", paged.extend)
    page_lines(lines)
    assert len(capsys.readouterr().out.splitlines()) == 200
    assert paged == []
    page_lines(lines, pager=True)
    assert len(paged) == 200
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    page_lines(lines[:3])
    assert len(capsys.readouterr().out.splitlines()) == 3
    page_lines(lines)
    assert len(paged) == 400
    page_lines(lines, pager=False)
    assert len(paged) == 400


def test_a_reader_that_goes_away_is_no_error(project):
    """`llmtrace export | head -1` says nothing on standard error."""
    code = "import sys; from pytest_llmtrace.cli import main; sys.argv[0] = 'llmtrace'; main()"
    for number in range(40):
        record(project, f"tests/test_b.py::test_{number}", [("x" * 5_000, "y" * 5_000)])
    with subprocess.Popen(
        [sys.executable, "-c", code, "export", "tests"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"type": "llm_call"')
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
