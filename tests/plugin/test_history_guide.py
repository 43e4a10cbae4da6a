"""docs/how-to/history.md works as written, with a file and with a server."""

from __future__ import annotations

import re
import shlex
import sqlite3
from pathlib import Path

import psycopg
import pytest
import yaml
from click.testing import CliRunner

from pytest_llmtrace.cli import main
from tests.plugin.conftest import Project
from tests.postgresql import Server, rows

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/how-to/history.md").read_text("utf-8")
SOURCE = """
    import pytest_llmtrace as llmtrace

    def ask(country, prompt="Answer with the name of the city."):
        messages = [{"role": "system", "content": prompt}, {"role": "user", "content": country}]
        with llmtrace.call(provider="openai", model="gpt-4o-mini", messages=messages) as call:
            call.output = "Paris"
            call.usage = {"prompt_tokens": 10 * len(prompt), "completion_tokens": 2}

    def test_capital():
        ask("France")

    def test_unknown_country():
        ask("Atlantis", "Say no.")
"""


def part(title: str) -> str:
    """The text of the guide under a heading."""
    return re.split(r"^## ", GUIDE.partition(f"## {title}")[2], flags=re.MULTILINE)[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> list[str]:
    return [line.removeprefix("$ ") for block in blocks(text, "console") for line in block.splitlines()]


@pytest.fixture
def shop(project: Project) -> Project:
    """A recorded project, started from its own folder."""
    project.write(SOURCE, "test_capital.py", prelude=False)
    project.record()
    return project


def do(shop: Project, line: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a line of the guide. Returns what it prints."""
    program, *arguments = shlex.split(line)
    if program == "export":
        monkeypatch.setenv(*arguments[0].split("=", 1))
        return ""
    if program == "llmtrace":
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, (line, done.output)
        return done.output
    assert program == "pytest", line
    ran = shop.run(*arguments)
    assert (ran.exit, "history:" in ran.text) == (0, False), ran.text
    return ran.text


def test_with_a_file(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of the first part does what it says, and the queries of the last one can be asked."""
    monkeypatch.setenv("COLUMNS", "120")
    text = part("On your machine")
    lines = commands(text)
    said = {line: do(shop, line, monkeypatch) for line in lines[:2]}
    (ini,) = blocks(text, "ini")
    (shop.path / "pytest.ini").write_text(ini, encoding="utf-8")
    shop.edit("name of the city.", "name of the city alone.", "test_capital.py")
    assert shop.run("--llm-trace").exit == 1
    shop.edit("city alone.", "city.", "test_capital.py")
    said |= {line: do(shop, line, monkeypatch) for line in lines[2:]}
    assert len(said) == 8
    shown = said["llmtrace history"]
    assert "2 tests, 3 runs of 0 commits" in shown
    assert re.search(r"test_capital\.py::test_capital +3 +\d+ +", shown)
    assert re.search(r"1 +prompt \(no commit\)", shown)
    assert said["llmtrace history --test capital"].count("test_capital") >= 2
    assert (shop.path / "history.html").is_file()
    header = re.search(r"^test .*", text, re.MULTILINE)
    assert header is not None
    assert header[0].startswith("test  ")
    assert " ".join(header[0].split()) in re.sub(" +", " ", shown)
    query, delete = blocks(part("What is in it"), "sql")
    with sqlite3.connect(shop.path / "history.db") as connection:
        assert [one[:3] for one in connection.execute(query)] == [("test_capital.py::test_capital", "prompt", 1)]
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(delete.replace("2025", "2999"))
        assert connection.execute("SELECT count(*) FROM llmtrace_calls").fetchone() == (0,)


def test_with_a_server(shop: Project, monkeypatch: pytest.MonkeyPatch, postgresql: Server) -> None:
    """The database is made as written; runs go there, and those that could not are pushed when it is back."""
    text = part("In a team")
    (made,) = blocks(text, "sql")
    with psycopg.connect(postgresql.conninfo("postgres"), autocommit=True) as connection:
        for statement in filter(None, map(str.strip, made.split(";"))):
            connection.execute(statement)
    at = f"127.0.0.1:{postgresql.port}"
    export, *lines = [line.replace("db.example.com", at) for line in commands(text)]
    do(shop, export, monkeypatch)
    url = export.partition("=")[2]
    assert "2 tests, 1 run of" in [do(shop, line, monkeypatch) for line in lines][-1]
    postgresql.kill()
    ran = shop.run("--llm-trace")
    postgresql.start()
    assert (
        ran.exit,
        "and the next run sends what waits, or `llmtrace history push`" in ran.text.replace("\n", " "),
    ) == (0, True)
    (push,) = commands(part("When the database is down"))
    assert do(shop, push, monkeypatch) == f"1 run sent to postgresql://{at}/llm_history\n"
    assert rows(url, "SELECT tests, calls FROM llmtrace_runs") == [(2, 2)] * 2
    query, delete = blocks(part("What is in it"), "sql")
    assert rows(url, query) == []
    with psycopg.connect(url) as connection:
        connection.execute(delete.replace("2025", "2999"))
        tables = {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        assert {(name, connection.execute(f"SELECT count(*) FROM {name}").fetchone()) for name in tables} == {
            *((f"llmtrace_{name}", (0,)) for name in ("runs", "tests", "findings", "calls")),
            ("llmtrace_schema", (1,)),
        }


def test_what_the_guide_names_is_there() -> None:
    """The extra, the tables with their columns, and a workflow that gives the secret to one step alone."""
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert re.findall(r"pytest-llmtrace\[(\w+)\]", GUIDE)[0] in extras
    (workflow,) = blocks(GUIDE, "yaml")
    steps = yaml.safe_load(workflow)["jobs"]["test"]["steps"]
    assert [step["env"] for step in steps if "env" in step] == [{"LLMTRACE_HISTORY": "${{ secrets.LLMTRACE_HISTORY }}"}]
    assert set(re.findall(r"`(llmtrace_\w+)`", part("What is in it"))) == {
        f"llmtrace_{name}" for name in ("runs", "tests", "findings", "calls")
    }
