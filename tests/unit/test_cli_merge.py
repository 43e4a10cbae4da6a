"""`llmtrace merge`: the reports of shards, added up and held against the budgets of the whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmtrace._model.findings import Breach
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace.cli import main
from tests.unit.report.builders import chat, payload

A, B = "tests/a/test_a.py::test_a", "tests/b/test_b.py::test_b"
DIRECTORY = 'calls of [tool.llmtrace.budgets."tests/a"] in pyproject.toml'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, with the reports of two shards: two calls each, four tenths of a cent a shard."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    write("1.json", payload(A, chat(2), golden=chat(2)))
    write("2.json", payload(B, chat(2), golden=chat(1)))
    return tmp_path


def write(name: str, *payloads: dict[str, Any], **fields: Any) -> None:
    """The report of a shard in which these passed."""
    known: dict[str, Any] = {"mode": "trace"}
    made = document(payloads, {one["nodeid"]: "passed" for one in payloads}, **(known | fields))
    Path(name).write_text(json.dumps(made), encoding="utf-8")


def merge(*args: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["merge", *args])


def breaches(*args: str) -> list[tuple[Any, ...]]:
    """The breaches of the sum: scope, what, limit, value and source."""
    made = json.loads(merge("1.json", "2.json", "--json", *args).stdout)
    assert made["exit"] == ("failed" if made["breaches"] else "ok")
    return [tuple(one[key] for key in ("scope", "what", "limit", "value", "source")) for one in made["breaches"]]


def budgets(**limits: Any) -> list[dict[str, Any]]:
    """Budgets as a shard reports them, by who set them."""
    return [
        {"scope": "run", "what": "calls", "limit": value, "value": 2, "source": source}
        for source, value in limits.items()
    ]


def test_the_sum_is_printed_like_the_summary_of_a_run() -> None:
    """Each report, then what a run would have said."""
    ran = merge("1.json", "2.json", "--budget-calls", "3", "--budget=$1")
    assert ran.exit_code == 1
    assert ran.stdout.split("\n")[:6] == [
        "report        tests  calls     cost   mode  exit",
        "1.json            1      2  $0.0002  trace    ok",
        "2.json            1      2  $0.0002  trace    ok",
        "",
        "trace · 2 tests · 4 calls · 400 tokens in, 40 out",
        "nothing paid · would have cost $0.0004",
    ]
    assert "budget: cost $0.0004 of $1.00 allowed (less than 0.1 %)\n" in ran.stdout
    assert ran.stdout.endswith("budget BREACHED: calls 4 of 3 allowed (set by --budget-calls)\n")
    assert merge("1.json", "2.json", "--budget-calls", "4").exit_code == 0


@pytest.mark.parametrize(
    ("flag", "found"),
    [
        ("--budget=0.0003", ("run", "usd", 0.0003, 0.0004, "--budget")),
        ("--llm-budget-tokens=400", ("run", "tokens", 400, 440, "--budget-tokens")),
        ("--budget-calls=3", ("run", "calls", 3, 4, "--budget-calls")),
        ("--budget=0.0004", None),
        ("--budget-tokens=440", None),
        ("--max-growth=100%", None),
    ],
)
def test_the_sum_has_the_gates_of_a_run(flag: str, found: tuple[Any, ...] | None) -> None:
    """Each limit is exceeded, or passes when it is raised."""
    assert breaches(flag) == ([found] if found else [])


def test_growth_is_held_per_test_and_in_total() -> None:
    """A test that doubled is named; in total it is a third more."""
    of_test = (B, "growth", 0.5, 1.0, "--max-growth")
    assert breaches("--max-growth=50%") == [of_test]
    (total, one) = breaches("--llm-max-growth=tokens:25%")
    assert total[:3] == ("run", "growth", 0.25)
    assert total[3] == pytest.approx(1 / 3)
    assert one[:4] == (B, "growth", 0.25, 1.0)


def test_growth_that_a_shard_failed_for_is_not_said_twice() -> None:
    """The finding of the test is in its row."""
    write("2.json", payload(B, chat(2), Breach(scope=B, what="growth", limit=0.5, value=1.0), golden=chat(1)))
    made = json.loads(merge("1.json", "2.json", "--json", "--max-growth=50%").stdout)
    assert (made["breaches"], made["exit"]) == ([], "failed")


def test_budgets_of_ini_files_and_directories_hold_for_the_sum() -> None:
    """What describes the suite holds for all shards together: the lower one where they disagree."""
    ini = "llm_budget_calls in pytest.ini"
    write("1.json", payload(A, chat(2)), budgets=budgets(**{ini: 9}))
    write("2.json", payload(B, chat(2)), budgets=budgets(**{ini: 3}))
    assert breaches() == [("run", "calls", 3, 4, ini)]
    assert breaches("--budget-calls=4") == []
    of_directory = {"scope": "tests/a", "what": "calls", "limit": 1, "value": 2, "source": DIRECTORY}
    write("1.json", payload(A, chat(2)), budgets=[of_directory])
    assert breaches("--budget-calls=4") == [("tests/a", "calls", 1, 2, DIRECTORY)]


def test_growth_of_ini_files_holds_for_the_sum() -> None:
    """A test that its shard did not compare is held against it, too."""
    grown = {"scope": "run", "what": "growth", "of": "tokens", "limit": 0.5, "value": 0.0, "source": "ini"}
    write("1.json", payload(A, chat(2), golden=chat(2)), budgets=[grown])
    assert breaches() == [(B, "growth", 0.5, 1.0, "ini")]
    assert breaches("--max-growth=100%") == []


def test_directories_of_pyproject_hold_for_the_sum(here: Path) -> None:
    """The file here, or that of --rootdir."""
    folder = here / "checkout"
    (folder / "tests" / "a").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[tool.llmtrace.budgets."tests/a"]\ncalls = 1\n', encoding="utf-8")
    assert breaches() == []
    assert breaches("--rootdir=checkout") == [("tests/a", "calls", 1, 2, DIRECTORY)]


def test_a_flag_of_the_shards_is_no_budget_of_the_sum() -> None:
    """It was the limit of each of them, and the command says so until the sum has one of its own."""
    write("1.json", payload(A, chat(2)), budgets=budgets(**{"--llm-budget-calls": 2}))
    said = "warning: shards had --llm-budget-calls, which limits each of them; to limit the\nsum, give --budget-calls\n"
    ran = merge("1.json", "2.json")
    assert ran.exit_code == 0
    assert ran.stdout.endswith(said)
    assert "shards had" not in merge("1.json", "2.json", "--budget-calls=4").stdout


def test_a_failed_shard_fails_the_sum_and_says_why() -> None:
    """Also where the tests that are here passed, and where the sum is within its budget."""
    breach = Breach(scope="tests/a", what="calls", limit=1, value=2, source="x")
    write("2.json", payload(B, chat(2)), breaches=[breach])
    ran = merge("1.json", "2.json")
    assert ran.exit_code == 1
    assert ran.stdout.split("\n")[2:4] == [
        "2.json            1      2  $0.0002  trace  failed",
        "  tests/a: calls 2 of 1 allowed (set by x)",
    ]


def test_reports_that_are_missing_fail_the_sum() -> None:
    """A shard that crashed leaves no report, and nobody would miss it."""
    ran = merge("1.json", "2.json", "--shards=3")
    assert ran.exit_code == 1
    assert "warning: 2 reports, 3 expected (--shards=3)" in ran.stdout
    assert merge("1.json", "2.json", "--shards=2").exit_code == 0


def test_tests_in_several_shards_are_named() -> None:
    """They count once, and somebody should know."""
    write("2.json", payload(A, chat(2)))
    ran = merge("1.json", "2.json")
    assert ran.exit_code == 0
    assert " ".join(ran.stdout.split()).endswith(
        f"warning: in more than one report, counted once, as failed where one failed: {A}"
    )
    assert "trace · 1 test · 2 calls" in ran.stdout


def test_an_unknown_price_in_one_shard_breaches_the_budget_of_the_sum() -> None:
    """The model is named, with the lines that price it."""
    write("2.json", payload(B, chat(1), *(), with_entries=False), mode="live")
    data = json.loads(Path("2.json").read_text("utf-8"))
    data["tests"][0] |= {"cost_usd": None, "priced_usd": 0.0, "unpriced_calls": 1}
    data["tests"][0]["by_model"][0] |= {"model": "acme", "cost_usd": None, "priced_usd": 0.0, "unpriced_calls": 1}
    Path("2.json").write_text(json.dumps(data), encoding="utf-8")
    ran = merge("1.json", "2.json", "--budget=1")
    assert ran.exit_code == 1
    assert '  [tool.llmtrace.prices."acme"]\n  input_cost_per_token = 1e-6' in ran.stdout
    assert merge("1.json", "2.json").exit_code == 0


def test_the_sum_is_a_report_of_every_form(here: Path) -> None:
    """JSON that may be merged again, Markdown, a page; the summary is printed all the same."""
    files = ["all.json", "all.md", "all.html", "sub/metrics.txt"]
    ran = merge("1.json", "2.json", *(part for file in files for part in ("-o", file)))
    assert ran.exit_code == 0, ran.output
    assert "2 tests" in ran.stdout
    assert [(here / file).stat().st_size > 0 for file in files] == [True] * 4
    printed = json.loads(merge("1.json", "2.json", "--json").stdout)
    assert json.loads((here / "all.json").read_text("utf-8")) == printed
    again = json.loads(merge("all.json", "--json").stdout)
    assert {**again, "shards": []} == {**printed, "shards": []}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "bad.json: cannot be read as a JSON report: Expecting property name"),
        ("[]", "bad.json: no report of pytest-llmtrace; write one with `pytest --llm-report=FILE.json`"),
        ('{"llmtrace": true}', "bad.json: no report of pytest-llmtrace"),
        ('{"llmtrace": 2}', "bad.json: written by a later version of pytest-llmtrace (format 2, known is 1)"),
        ('{"llmtrace": 1, "mode": "trace"}', "bad.json: 'exit' is missing or unusable: the report is damaged"),
    ],
)
def test_a_file_that_is_no_report_is_named(text: str, said: str) -> None:
    """Nothing is added up, and the exit status is 2."""
    Path("bad.json").write_text(text, encoding="utf-8")
    ran = merge("1.json", "bad.json", "-o", "all.json")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert not Path("all.json").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["1.json", "./1.json"], "1.json: given twice; its calls would count double"),
        (["1.json", "3.json"], "File '3.json' does not exist"),
        (["1.json", "-o", "all.jsonl"], "put those files one after the other: cat shard-*.jsonl > all.jsonl"),
        (["1.json", "-o", "otlp.jsonl"], "otlp.jsonl: JSON reports hold no full traces"),
        (["1.json", "-o", "all.txtt"], "`-o all.txtt`: cannot tell what to write from the ending '.txtt'"),
        (["1.json", "--budget=much"], "--budget: 'much' is not an amount of US dollars"),
        (["1.json", "--budget-calls=few"], "--budget-calls: 'few' is not a number of calls"),
        (["1.json", "--summary=some"], "--summary='some': not a number of rows from 1, `all` or `off`"),
        (["1.json", "--max-growth=10"], "--max-growth: '10' is not a percentage"),
        ([], "Missing argument 'REPORT...'"),
    ],
)
def test_wrong_usage(args: list[str], said: str) -> None:
    """It says what is wrong, and the exit status is 2."""
    ran = merge(*args)
    assert ran.exit_code == 2
    assert said in " ".join(ran.stderr.split())


def test_the_summary_is_as_long_as_it_is_asked_to_be() -> None:
    """What a short list leaves out is a matter of the option that it names; `off` leaves breached budgets alone."""
    assert "and 1 more test (--llm-summary=all)" in merge("1.json", "2.json", "--summary=1").stdout
    assert "more test" not in merge("1.json", "2.json", "--llm-summary=all").stdout
    ran = merge("1.json", "2.json", "--summary=off", "--budget-calls=3")
    assert ran.stdout == "llmtrace: budget BREACHED: calls 4 of 3 allowed (set by --budget-calls)\n"


def test_rows_that_cannot_be_used_are_said_to_be_of_another_version() -> None:
    """A row without what it is made of cannot be added up."""
    data = json.loads(Path("1.json").read_text("utf-8"))
    del data["tests"][0]["by_model"]
    Path("1.json").write_text(json.dumps(data), encoding="utf-8")
    assert "1.json: a row of tests: 'by_model' is missing or unusable" in merge("1.json").stderr


def test_a_dry_run_is_not_added_to_a_run() -> None:
    """One is what would be paid, the other what was."""
    would = {"why": "new", "calls": 2, "at_least": False, "cost_usd": 0.5}
    write("2.json", payload(B, (), would_record=would), mode="record")
    ran = merge("1.json", "2.json")
    assert ran.exit_code == 2
    assert "2.json is of a dry run, and 1.json is not: they cannot be added up" in ran.stderr
    assert merge("2.json", "--budget=0.0001").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"tests": 1,', '"tests": "x",', "1.json: the report is damaged, or of an earlier version; "),
        ('"golden_cost_usd"', '"x"', "1.json: the report is damaged, or of an earlier version; "),
        ('"llmtrace": 1', '"llmtrace": 1, "x": 1e999', "1.json: cannot be read as a JSON report: the number 1e999 is"),
        ('"llmtrace": 1', f'"llmtrace": 1, "x": {"9" * 5000}', "1.json: cannot be read as a JSON report: Exceeds the"),
    ],
)
def test_a_damaged_report_is_named(old: str, new: str, said: str) -> None:
    """Whatever a report of strangers holds, it is an error that names the file, and no traceback."""
    text = Path("1.json").read_text("utf-8")
    assert old in text
    Path("1.json").write_text(text.replace(old, new), encoding="utf-8")
    ran = merge("1.json", "2.json", "-o", "all.md")
    assert ran.exit_code == 2
    assert said in ran.output
    assert not Path("all.md").exists()


def test_words_of_a_report_become_no_markup() -> None:
    """What stands for a mode or an outcome in a report that is merged is code in Markdown."""
    text = Path("1.json").read_text("utf-8").replace('"passed"', '"![x](http://y)"')
    Path("1.json").write_text(text.replace('"mode": "trace"', '"mode": "@team"'), encoding="utf-8")
    merge("1.json", "-o", "all.md")
    made = Path("all.md").read_text("utf-8")
    assert "Mode: `@team`." in made
    assert "| `![x](http://y)` |" in made
