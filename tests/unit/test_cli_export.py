"""`llmtrace export` on small trees: its forms, its files, and what it says."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytest_llmtrace._commands.export import _entries, _examples, _Notes, _spans
from pytest_llmtrace._store.cassettes import load_golden
from pytest_llmtrace.cli import main

CALL = """\
llmtrace: 1
test: {test}
totals: {{calls: 1, input_tokens: 8, output_tokens: 4, cost_usd: 0.0000036}}
conversations:
- agent: lead
  session: s1
  model: openai/gpt-4o-mini
  params: {{temperature: 0}}
  turns:
  - in:
    - system: Be brief.
    - user: Hello
    out: {answer}
    usage: {{input_tokens: 8, output_tokens: 4}}
    cost_usd: 0.0000036
"""


def run(*args: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["export", *args])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with two golden traces, in two folders."""
    for name in ("one", "two"):
        folder = tmp_path / name / "cassettes" / "test_a"
        folder.mkdir(parents=True)
        text = CALL.format(test=f"{name}/test_a.py::test_{name}", answer=name)
        (folder / f"test_{name}.trace.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def names(text: str) -> list[str]:
    """The names of the spans in an OTLP document."""
    return [span["name"] for span in spans(text)]


def spans(text: str) -> list[dict[str, object]]:
    (resource,) = json.loads(text)["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    found: list[dict[str, object]] = scope["spans"]
    return found


def test_paths_may_be_folders_and_files(tree):
    """Several folders, a golden trace, or nothing at all, which is the folder one is in."""
    file = tree / "two" / "cassettes" / "test_a" / "test_two.trace.yaml"
    both = ["one/test_a.py::test_one", "two/test_a.py::test_two"]

    assert [json.loads(line)["nodeid"] for line in run(str(tree)).output.splitlines()] == both
    assert [json.loads(line)["nodeid"] for line in run(str(tree / "one"), str(file)).output.splitlines()] == both
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tree)
        assert run().output == run(str(tree)).output
    done = run(str(tree / "no"))
    assert done.exit_code == 2


def test_spans_of_a_tree_are_one_document(tree, tmp_path, monkeypatch):
    """One resource, a trace per test, times that go on from test to test, the same each time, in a file or not."""
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    done = run("--format", "otlp", str(tree))

    made = ["invoke_agent lead", "chat gpt-4o-mini"]
    assert names(done.stdout) == ["one/test_a.py::test_one", *made, "two/test_a.py::test_two", *made]
    found = spans(done.stdout)
    assert len({span["traceId"] for span in found}) == 2
    assert [found[0]["startTimeUnixNano"], found[3]["startTimeUnixNano"]] == [
        "946684800000000000",
        "946684800002000000",
    ]
    assert run("--format", "otlp", str(tree)).stdout == done.stdout
    assert run("--format", "otlp", "-o", str(tmp_path / "out.json"), str(tree)).output == ""
    assert (tmp_path / "out.json").read_text("utf-8") == done.stdout


def test_spans_begin_when_one_says(tree, monkeypatch):
    """A time, with or without a zone, or now; the service is OpenTelemetry's own variable's."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    at = spans(run("--format", "otlp", "--at", "2026-01-02T03:04:05.5+01:00", str(tree)).stdout)
    assert at[0]["startTimeUnixNano"] == "1767319445500000000"
    assert '"service.name","value":{"stringValue":"shop"}' in run("--format", "otlp", "--at", "now", str(tree)).stdout
    done = run("--format", "otlp", "--at", "soon", str(tree))
    assert done.exit_code == 2
    assert "'soon' is no time; write `now`, or for example 2000-01-01T00:00:00Z" in done.output


def test_training_examples_say_what_is_missing(tree):
    """Lines on standard output; on standard error how many, and what was skipped for which reason."""
    folder = tree / "one" / "cassettes" / "test_a"
    twice = CALL.format(test="test_a.py::test_again", answer="one")
    (folder / "test_again.trace.yaml").write_text(twice, encoding="utf-8")
    private = twice.replace("llmtrace: 1\n", "llmtrace: 1\nprivacy: sha256\n")
    (folder / "test_private.trace.yaml").write_text(private, encoding="utf-8")
    done = run("--format", "finetune", str(tree))

    assert done.exit_code == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": answer},
            ]
        }
        for answer in ("one", "two")
    ]
    assert done.stderr == (
        "2 examples written\n"
        "  1 skipped: cassette without texts (llm_privacy = hash)\n"
        "  1 skipped: example that another test has, too\n"
    )


def test_what_cannot_be_read_is_said_and_the_rest_is_written(tree, tmp_path):
    """In every form: an error on standard error, exit status 1, and a file that is whole."""
    (tree / "one" / "cassettes" / "test_a" / "test_one.trace.yaml").write_text(
        "llmtrace: 1\nturns: [", encoding="utf-8"
    )
    for form in ("jsonl", "otlp", "finetune"):
        done = run("--format", form, "-o", str(tmp_path / "out"), str(tree))
        assert done.exit_code == 1
        assert "test_one.trace.yaml" in done.stderr
        assert '"two' in (tmp_path / "out").read_text("utf-8")
    assert run("-o", str(tmp_path / "no" / "out"), str(tree)).exit_code == 1


def test_large_trees_are_streamed(tree):
    """Every form is written as cassettes come: of a tree without end there is a beginning."""
    golden = load_golden(tree / "one" / "cassettes" / "test_a" / "test_one.trace.yaml")
    endless = itertools.repeat(golden)

    assert [json.loads(line)["nodeid"] for line in itertools.islice(_entries(endless), 2)] == [golden.test] * 2
    assert [piece[:2] for piece in itertools.islice(_spans(endless, 0), 4)] == ['{"', '{"', ",{", ",{"]
    assert next(_examples(endless, _Notes(), per_turn=False)).startswith('{"messages"')


def test_what_goes_to_a_terminal_does_not_act_there(tmp_path: Path) -> None:
    """Escape sequences and directions of a recording leave as escapes of JSON, halves of characters too: equal data."""
    golden = tmp_path / "cassettes" / "test_a" / "test_x.trace.yaml"
    golden.parent.mkdir(parents=True)
    golden.write_text(CALL.format(test="test_a.py::test_x", answer='"\\x9b2J\\u202e\\x7f \\ud800"'), "utf-8")
    shown = CliRunner().invoke(main, ["show", "--json", str(golden)]).output
    exported = run(str(tmp_path)).output
    assert not set(shown + exported) & set("\x9b\u202e\x7f\ud800")
    assert json.loads(exported)["output"]["content"].startswith("\x9b2J\u202e\x7f ")
    assert json.loads(shown)["entries"][0]["output"]["content"].startswith("\x9b2J\u202e\x7f ")
