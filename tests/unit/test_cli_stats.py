"""`llmtrace stats`: the order of the rows, their sums, and their ages."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from click.testing import CliRunner, Result

from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._report.commands.stats import SORT_KEYS, CassetteRow, stats_table
from pytest_llmtrace.cli import main
from tests.unit.cassette_tree import record

DAY = 86_400


def row(owner: str, calls: int, tokens: int, usd: float, size: int, age: float) -> CassetteRow:
    """A cassette with these figures."""
    amounts = Totals(calls=calls, usage=Usage(input_tokens=tokens), priced_usd=usd)
    return CassetteRow(owner=owner, folder=owner[0], totals=amounts, golden_bytes=size, age=age)


ROWS = [
    row("a/dear", 1, 20, 0.5, 1_000, DAY),
    row("a/many", 9, 30, 0.2, 2_000, 3 * DAY),
    row("b/big", 2, 10, 0.1, 9_000, 90 * DAY),
    row("b/old", 3, 90, 0.3, 3_000, 800 * DAY),
]


def run(*args: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["stats", *map(str, args)], env={"COLUMNS": "80"})


@pytest.mark.parametrize(
    ("key", "first"),
    [("cost", "dear"), ("tokens", "old"), ("size", "big"), ("age", "old"), ("calls", "many"), ("test", "dear")],
)
def test_the_most_of_what_is_asked_comes_first(key, first):
    """Each key has an order of its own."""
    assert key in SORT_KEYS
    lines = [line.text for line in stats_table(ROWS, sort=key)]
    assert lines[1].split()[0].rpartition("/")[2] == first


def test_the_first_few_are_shown_and_the_sums_are_of_all():
    """Ages are in the largest unit; folders have sums of their own."""
    assert [line.text for line in stats_table(ROWS, sort="age", top=2)] == [
        "test          calls   in  out   cost     size   age",
        "b/old             3   90    0  $0.30   3.0 kB   2 y",
        "b/big             2   10    0  $0.10   9.0 kB  3 mo",
        "… 2 more",
        "4 cassettes      15  150    0  $1.10  15.0 kB",
        "",
        "folder        calls   in  out   cost     size",
        "a                10   50    0  $0.70   3.0 kB",
        "b                 5  100    0  $0.40  12.0 kB",
    ]


def test_the_age_is_of_the_last_commit_or_of_a_change_since(tmp_path, monkeypatch):
    """Whenever it was checked out; a file that git does not know has the age of the file."""
    monkeypatch.chdir(tmp_path)
    cassettes = [record(tmp_path, f"tests/test_a.py::test_{name}") for name in ("kept", "edited")]
    who = {"GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z"}
    names = {f"GIT_{who}_{what}": "ann" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for args in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run(["git", "-c", "commit.gpgsign=false", *args], check=True, env={**os.environ, **who, **names})
    with cassettes[1].golden.open("a", encoding="utf-8") as file:
        file.write("# edited\n")
    cassettes.append(record(tmp_path, "tests/test_a.py::test_new"))
    data = json.loads(run("--json", "--sort", "age", "tests").output)
    ages = {one["test"].rpartition("_")[2]: one["age_days"] for one in data["cassettes"]}
    assert list(ages) == ["kept", "edited", "new"]
    assert ages["kept"] > 365
    assert (ages["edited"], ages["new"]) == (0.0, 0.0)
    assert [folder["folder"] for folder in data["folders"]] == ["."]


def test_another_order_is_a_usage_error(tmp_path):
    """It lists the orders there are, and none of zero rows."""
    refused = run("--sort", "colour", tmp_path)
    assert refused.exit_code == 2
    assert all(f"'{key}'" in refused.output for key in SORT_KEYS)
    assert run("--top", "0", tmp_path).exit_code == 2


def test_a_folder_without_cassettes_says_how_to_get_some(tmp_path):
    """Nothing is no error."""
    empty = run(tmp_path)
    assert (empty.exit_code, empty.output) == (
        0, f"No cassettes below {tmp_path}. Record some: pytest --llm-record\n",
    )  # fmt: skip
