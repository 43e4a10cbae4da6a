"""`llmtrace whatif` on a small tree: the table, the notes, the data, and its errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytest_llmtrace.cli import main

ONE = """\
llmtrace: 1
test: test_a.py::test_one
totals: {calls: 2, input_tokens: 3000, output_tokens: 400, cost_usd: 0.003}
conversations:
- model: acme/big
  turns:
  - in:
    - user: Hello
    out: Hi
    usage: {input_tokens: 2000, output_tokens: 300, cache_read_tokens: 500, reasoning_tokens: 200}
    cost_usd: 0.003
- operation: embeddings
  model: acme/vectors
  turns:
  - in:
    - user: Hello
    usage: {input_tokens: 1000, output_tokens: 0}
    cost_usd: 0.0
"""
PRICES = """
[tool.llmtrace.prices."acme/big"]
input_cost_per_token = 1e-6
output_cost_per_token = 4e-6
[tool.llmtrace.prices.small]
input_cost_per_token = 1e-7
output_cost_per_token = 4e-7
"""
ASSUMED = (
    "Token counts are those of the recorded models: another tokenizer counts the same texts otherwise, and another "
    "model says more or less. What a model does, `pytest --llm-live --llm-model OLD=NEW` shows."
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one golden trace and its own prices, and the working directory in it."""
    folder = tmp_path / "cassettes" / "test_a"
    folder.mkdir(parents=True)
    (folder / "test_one.trace.yaml").write_text(ONE, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(PRICES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


def run(*args: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["whatif", *args])


def test_the_table_and_what_it_assumes(tree):
    """Recorded beside new cost per model and in sum; below it what the figures take for granted."""
    done = run("--model", "small")

    assert done.exit_code == 0
    table, _, notes = done.output.partition("\n\n")
    assert table.splitlines() == [
        "recorded with  calls     in  cached  out  recorded             small",
        "acme/big           1  2,000     500  300    $0.003  $0.00032 (-89 %)",
        "acme/vectors       1  1,000            0    $0                    $0",
        "all                2  3,000     500  300    $0.003  $0.00032 (-89 %)",
    ]
    assert " ".join(notes.split()) == (
        f"{ASSUMED} small: 1 call of another kind (embeddings, images, ...) at the recorded cost. small: 500 cached "
        "tokens cost as much as others, since no price of small says less. 200 reasoning tokens are in the output: "
        "another model thinks more, less, or not at all, and is charged for what it thinks."
    )


def test_as_data(tree):
    """Cost and change per recorded model and in sum, and what the recorded calls would cost today."""
    done = run("--model", "acme/big=small", "--json", ".")

    data = json.loads(done.output)
    name = "acme/big=small"
    assert data["scenarios"] == [name]
    assert data["models"][0] == {
        "model": "acme/big",
        "calls": 1,
        "usage": {"input_tokens": 2000, "output_tokens": 300, "cache_read_tokens": 500, "reasoning_tokens": 200},
        "cost_usd": 0.003,
        "scenarios": {name: {"cost_usd": 0.00032, "change": -0.893333}},
    }
    assert data["totals"]["scenarios"] == {name: {"cost_usd": 0.00032, "change": -0.893333}}
    assert data["totals"]["today_usd"] is None
    assert data["notes"][0] == ASSUMED
    assert data["notes"][1] == "acme/big=small: 1 call of other models at the recorded cost."


def test_narrow_terminals_have_cost_alone(tree, monkeypatch):
    """It is what the command is for."""
    monkeypatch.setenv("COLUMNS", "45")
    assert run("--model", "small").output.splitlines()[0].split() == ["recorded", "with", "recorded", "small"]


def test_errors_name_the_way_out(tree):
    """A model without a price, one that was not recorded, a broken trace, and nothing recorded at all."""
    unknown = run("--model", "smal")
    assert (unknown.exit_code, "did you mean small" in unknown.output) == (2, True)
    never = run("--model", "acme/bigg=small")
    assert never.exit_code == 2
    assert "--model acme/bigg=...: no recorded call asks for acme/bigg; did you mean acme/big?" in never.output
    other = run("--model", "zzz=small")
    assert "no recorded call asks for zzz. Recorded are acme/big, acme/vectors." in other.output
    assert run().exit_code == 2
    (tree / "cassettes" / "test_a" / "test_two.trace.yaml").write_text("llmtrace: 1\nturns: [", encoding="utf-8")
    broken = run("--model", "small")
    assert (broken.exit_code, "test_two.trace.yaml" in broken.stderr) == (1, True)
    assert "acme/big" in broken.stdout
    (tree / "empty").mkdir()
    nothing = run("--model", "small", "empty")
    assert (nothing.exit_code, nothing.output) == (0, "No recorded calls there. Record some: pytest --llm-record\n")
