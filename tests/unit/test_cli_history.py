"""`llmtrace history`: what it reads, what it writes, and what it says where it cannot."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmtrace._history import migrations
from pytest_llmtrace._history.address import database
from pytest_llmtrace._history.engine import engine
from pytest_llmtrace._history.sending import send
from pytest_llmtrace._history.spool import Spool
from pytest_llmtrace.cli import main
from tests.unit.history.records import record, row


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LLMTRACE_HISTORY", raising=False)
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["history", *arguments])
    return done.exit_code, done.output


def kept(folder: Path, name: str = "h.db", *records: object) -> None:
    where = database(name, "test", folder)
    spool = Spool(root=folder, digest=where.digest)
    for one in records or (record("a"), record("b", row("t.py::test_x%y"), row("t.py::test_z"), days=3, branch="fix")):
        spool.keep(one)  # type: ignore[arg-type]  # all are records
    assert send(spool, where).problem is None


def names(*arguments: str) -> tuple[list[str], list[str]]:
    """Runs and tests that a command gives."""
    code, text = run("h.db", "--json", *arguments)
    assert code == 0, text
    data = json.loads(text)
    return [one["run_id"] for one in data["runs"]], [one["nodeid"] for one in data["tests"]]


def test_runs_and_tests_are_chosen(folder: Path) -> None:
    """By branch, day, number, and a part of a node id in which no character is a wildcard; in the order of commits."""
    late = record("c", row("t.py::test_z"), days=5, commit_time=0)
    kept(
        folder, "h.db", record("a"), record("b", row("t.py::test_x%y"), row("t.py::test_z"), days=3, branch="fix"), late
    )
    assert names() == (["c", "a", "b"], ["t.py::test_x%y", "t.py::test_z", "test_a.py::test_a"])
    assert names("--branch", "fix")[0] == ["b"]
    assert names("--since", "2026-03-02")[0] == ["c", "b"]
    assert names("--since", "1d") == ([], [])
    assert names("--limit", "1") == (["c"], ["t.py::test_z"])
    assert names("--test", "x%y") == (["b"], ["t.py::test_x%y"])
    assert names("--test", "x_y") == ([], [])


def test_of_several_projects_one_is_chosen(folder: Path) -> None:
    """That of this folder by itself; else the answer names them."""
    kept(folder, "h.db", record("a", project="one"), record("b", project="two"))
    assert run("h.db") == (
        2,
        f"Error: {folder / 'h.db'}: it has several projects: choose one with --project: one, two\n",
    )
    assert names("--project", "two")[0] == ["b"]
    kept(folder, "h.db", record("c", project=folder.name))
    assert names()[0] == ["c"]
    assert "there is no project 'three' in it" in run("h.db", "--project", "three")[1]


def test_the_database_is_found_where_the_project_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an argument, in the environment, in the settings of pytest, whose folder counts; else the ways are named."""
    code, text = run()
    assert (code, "as URL, in LLMTRACE_HISTORY, or as llm_history" in text) == (2, True)
    kept(folder)
    Path("pytest.ini").write_text("[pytest]\nllm_history = h.db\n", encoding="utf-8")
    Path("sub").mkdir()
    monkeypatch.chdir("sub")
    assert run()[0] == 0
    monkeypatch.setenv("LLMTRACE_HISTORY", "sqlite:///../nothing.db")
    assert run() == (2, f"Error: {folder / 'nothing.db'}: there is no history; `pytest --llm-history` writes one\n")
    assert not (folder / "nothing.db").exists()


def test_what_cannot_be_read_is_said_with_the_way_out(folder: Path) -> None:
    """Tables of another version are left as they are; a server that is down, and no database at all, are named."""
    kept(folder)
    with engine(database("h.db", "test", folder)).begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO {migrations.VERSION_TABLE} VALUES (2)")
    assert "its tables are of version 2, and this version of pytest-llmtrace knows those up to 1" in run("h.db")[1]
    with engine(database("h.db", "test", folder)).begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM {migrations.VERSION_TABLE}")
    assert "there are no runs in it" in run("h.db")[1]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    code, text = run(f"postgresql://u:geheim@127.0.0.1:{port}/x")
    assert (code, "Connection refused" in text, "geheim" in text) == (2, True, False)
    assert (
        run("a", "b")[0]
        == run("h.db", "--since", "soon")[0]
        == run("h.db", "--since", "0001-01-01")[0]
        == run("h.db", "--all")[0]
        == run("mysql://h/d")[0]
        == 2
    )


def test_what_waits_is_pushed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any folder below; what cannot be sent is said, and the exit status is 1."""
    assert run("push", "h.db") == (0, "nothing waits: there is no .llmtrace/history here or above\n")
    where = database("h.db", "test", folder)
    spool = Spool(root=folder, digest=where.digest)
    spool.keep(record("a"))
    broken = spool.folder / "x.json"
    broken.write_text("{", encoding="utf-8")
    (folder / "sub").mkdir()
    monkeypatch.chdir("sub")
    code, text = run("push", str(folder / "h.db"))
    assert code == 1
    assert text.startswith(
        f"1 run sent to {folder / 'h.db'}\nhistory: a file that was to be sent cannot be used (it is no JSON"
    )
    assert text.endswith(f"it is kept as {spool.folder / 'set-aside' / 'x.json'}\n")
    assert run("push", str(folder / "h.db")) == (0, f"nothing waits for {folder / 'h.db'}\n")


def test_the_page_is_written(folder: Path) -> None:
    """Whole or not at all; a folder that is not there is made."""
    kept(folder)
    assert run("h.db", "--html", "new/h.html") == (0, "new/h.html: 3 tests over 2 runs\n")
    assert (folder / "new" / "h.html").read_text("utf-8").startswith("<!doctype html>")
    (folder / "file").touch()
    assert run("h.db", "--html", "file/h.html")[0] == 2
