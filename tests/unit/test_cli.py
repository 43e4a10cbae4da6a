"""The `llmtrace` command on small trees of recordings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click import Context
from click.testing import CliRunner, Result

from pytest_llmtrace._model.secret_key import SecretKey
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace._store.tape_file import dump_tape
from pytest_llmtrace.cli import main
from tests.unit.store.exchanges import interaction

ONE = """\
llmtrace: 1
test: test_a.py::test_one
totals: {calls: 1, input_tokens: 8, output_tokens: 4, cost_usd: 0.0000036}
conversations:
- agent: lead
  session: s1
  model: openai/gpt-4o-mini
  params: {temperature: 0}
  turns:
  - in:
    - system: Be brief.
    - user: Hello
    out: Hi
    usage: {input_tokens: 8, output_tokens: 4}
    cost_usd: 0.0000036
"""


NAMES = main.list_commands(Context(main))


def run(*args: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, list(args))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with one golden trace."""
    folder = tmp_path / "cassettes" / "test_a"
    folder.mkdir(parents=True)
    (folder / "test_one.trace.yaml").write_text(ONE, encoding="utf-8")
    return tmp_path


def test_help_lists_every_command_in_one_whole_line():
    """No sentence of the list is cut off, and the examples stand on lines of their own."""
    shown = run("--help").output
    assert "\n    llmtrace prune tests\n" in shown
    listed = [line.split(maxsplit=1) for line in shown.partition("Commands:\n")[2].splitlines()]
    assert {name for name, _ in listed} == set(NAMES)
    assert [text for _, text in listed if not text.endswith(".") or text.endswith("...")] == []


@pytest.mark.parametrize("command", NAMES)
def test_help_of_a_command_has_examples_to_copy(command):
    """Each example stands on a line of its own, and nothing of the markup shows."""
    shown = run(command, "--help").output
    examples = shown.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
    assert examples
    assert [line for line in examples if not line.startswith(f"    llmtrace {command} ")] == []
    assert "\\b" not in shown
    assert "\b" not in shown


def test_show_prints_a_transcript(tree):
    """The conversation, its model, what was said, and what it cost."""
    shown = run("show", str(tree / "cassettes" / "test_a" / "test_one.trace.yaml"))
    assert shown.exit_code == 0
    for said in ("test_a.py::test_one", "lead", "gpt-4o-mini", "Be brief.", "Hello", "Hi"):
        assert said in shown.output


def test_show_prints_executions_and_events_where_they_belong(tree):
    """What the golden trace holds under `then` follows the answer of its turn."""
    path = tree / "cassettes" / "test_a" / "test_one.trace.yaml"
    then = '    then:\n    - tool: lookup(order="1")\n      result: sent\n    - event: note\n'
    path.write_text(path.read_text("utf-8") + then, encoding="utf-8")
    answer = run("show", str(path)).output.partition("assistant")[2].splitlines()
    assert answer[:3] == ["  Hi", '    executed   lookup(order="1") = sent', "    event      note"]


def test_show_refuses_other_files(tree):
    """A file that is no cassette is named, and so is what would be one."""
    other = tree / "notes.txt"
    other.write_text("x", encoding="utf-8")
    shown = run("show", str(other))
    assert shown.exit_code == 1
    assert shown.output == f"Error: {other}: neither a golden trace (.trace.yaml) nor a tape (.tape.json)\n"


def test_show_opens_an_encrypted_tape_for_whoever_has_the_key(tree, monkeypatch):
    """With the key the texts on the tape are printed, whatever the golden trace holds; without it the error says so."""
    asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Does the rash hurt?"}]}
    said = {"choices": [{"message": {"role": "assistant", "content": "At night."}, "finish_reason": "stop"}]}
    meta = {"test": "test_a.py::test_one"}
    path = tree / "cassettes" / "test_a" / "test_one.tape.json"
    seal = Seal("test_a.py::test_one", SecretKey("key"))
    path.write_text(seal.closed(dump_tape([interaction(asked, said)], meta), meta), encoding="utf-8")
    monkeypatch.setenv("LLMTRACE_KEY", "key")
    shown = run("show", str(path))
    assert shown.exit_code == 0
    for text in ("test_a.py::test_one", "Does the rash hurt?", "At night."):
        assert text in shown.output
    monkeypatch.delenv("LLMTRACE_KEY")
    refused = run("show", str(path))
    assert refused.exit_code == 1
    assert refused.output == (
        f"Error: {path} is encrypted, and LLMTRACE_KEY is not set.\n"
        "Set the environment variable LLMTRACE_KEY to the key that it was recorded with.\n"
    )
    assert "Be brief." in run("show", str(path).replace(".tape.json", ".trace.yaml")).output


def test_stats_counts_a_tree(tree):
    """Calls and dollars, as a table and as JSON."""
    assert "test_a.py::test_one" in run("stats", str(tree)).output
    data = json.loads(run("stats", "--json", str(tree)).output)
    assert (data["totals"]["calls"], data["totals"]["cost_usd"]) == (1, 3.6e-06)


def test_export_writes_one_line_for_each_entry(tree):
    """The full history, the output, usage, cost and labels of a call stand on its line."""
    done = run("export", str(tree))
    assert done.exit_code == 0
    (line,) = [json.loads(one) for one in done.output.splitlines()]
    assert line["type"] == "llm_call"
    assert line["nodeid"] == "test_a.py::test_one"
    assert (line["session"], line["agent"]) == ("s1", "lead")
    assert line["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    assert line["output"] == {"role": "assistant", "content": "Hi"}
    assert line["usage"] == {"input_tokens": 8, "output_tokens": 4}
    assert line["cost_usd"] == 3.6e-06


def test_export_says_what_it_cannot_read_and_writes_the_rest(tree):
    """A broken golden trace is an error on standard error and in the exit status; the others are exported."""
    (tree / "cassettes" / "test_a" / "test_broken.trace.yaml").write_text("llmtrace: 1\nturns: [", encoding="utf-8")
    done = run("export", str(tree))
    assert done.exit_code == 1
    assert [json.loads(one)["nodeid"] for one in done.stdout.splitlines()] == ["test_a.py::test_one"]
    assert "test_broken.trace.yaml" in done.stderr


def test_an_unknown_command_is_a_usage_error():
    """It exits with 2."""
    assert run("shwo").exit_code == 2


def test_a_command_imports_only_what_it_needs():
    """Starting `llmtrace` loads no command; running one loads that one."""
    code = (
        "import sys, pytest_llmtrace.cli as cli\n"
        "loaded = lambda: sorted(name.rpartition('.')[2] for name in sys.modules if '_commands.' in name)\n"
        "before = loaded()\n"
        "cli.main(['policy', '--help'], standalone_mode=False)\n"
        "print(before, loaded())\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "['registry'] ['cassette_argument', 'output', 'policy', 'registry']"
