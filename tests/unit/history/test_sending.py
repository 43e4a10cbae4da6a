"""Runs that wait: each is sent once, whatever happens meanwhile, and none is lost."""

from __future__ import annotations

import json
import socket
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from pytest_llmtrace._history import migrations
from pytest_llmtrace._history.address import Database, database
from pytest_llmtrace._history.engine import engine
from pytest_llmtrace._history.sending import Sent, send
from pytest_llmtrace._history.spool import Spool
from pytest_llmtrace._history.tables import RUNS
from tests.postgresql import PASSWORD, QUOTED, Server, rows
from tests.unit.history.records import record, row


def spool_of(where: Database, root: Path, *runs: str) -> Spool:
    spool = Spool(root=root, digest=where.digest)
    for days, run in enumerate(runs):
        spool.keep(record(run, days=days))
    return spool


def runs_in(where: Database) -> list[str]:
    with engine(where, reading=True).begin() as connection:
        return [one for (one,) in connection.execute(sqlalchemy.select(RUNS.c.run_id).order_by(RUNS.c.started_at))]


@pytest.fixture
def sqlite(tmp_path: Path) -> Database:
    return database("sub/a history? of #1 %41é.db", "test", tmp_path)


def test_what_waits_is_sent_and_gone(sqlite: Database, tmp_path: Path) -> None:
    """Files are their owner's alone, and ignored by git; once sent they are gone. The database's folder is made."""
    spool = spool_of(sqlite, tmp_path, "a", "b")
    assert [stat.S_IMODE(path.stat().st_mode) for path in spool.waiting()] == [0o600, 0o600]
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    assert (tmp_path / ".llmtrace" / ".gitignore").read_text("utf-8").splitlines()[-1] == "*"
    assert send(spool, sqlite) == Sent(sent=2)
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["a history? of #1 %41é.db"]
    assert (spool.waiting(), runs_in(sqlite)) == ([], ["a", "b"])
    assert send(spool, sqlite) == Sent()


def test_files_that_are_no_runs_are_set_aside_and_block_nothing(sqlite: Database, tmp_path: Path) -> None:
    """Each is named with the reason and kept, beside one of the same name; those of a later version wait for it."""
    spool = spool_of(sqlite, tmp_path, "a", "b")
    good = json.loads(spool.waiting()[0].read_text("utf-8"))
    bad = {
        "0-empty": "",
        "1-half": spool.waiting()[0].read_text("utf-8")[:200],
        "2-number": json.dumps({**good, "run": {**good["run"], "calls": "many"}}),
        "3-other": "[]",
        "4-deep": "[" * 100_000,
        "5-money": json.dumps({**good, "run": {**good["run"], "priced_usd": "NaN"}}),
        "6-twice": json.dumps({**good, "tests": good["tests"] * 2}),
        "9-newer": json.dumps({**good, "llmtrace_history": 2}),
    }
    for name, text in bad.items():
        (spool.folder / f"{name}.json").write_text(text, encoding="utf-8")
    (spool.folder / "folder.json").mkdir()
    (spool.folder / "7-gone.json").symlink_to(tmp_path / "nowhere")
    done = send(spool, sqlite)
    assert done.sent == 2
    assert [path.name for path in done.newer] == ["9-newer.json"]
    assert [(path.name[0], why.split(":")[0]) for path, why in done.aside] == [
        ("0", "it is empty"),
        ("1", "it is no JSON"),
        ("2", "it is no run"),
        ("3", "it has no 'llmtrace_history'"),
        ("4", "it is no JSON"),
        ("5", "it is no run"),
        ("6", "it is no run"),
        ("7", "[Errno 2] No such file or directory"),
    ]
    assert done.aside[2][1] == "it is no run: calls is 'many', which is no count"
    assert all(path.parent.name == "set-aside" and path.is_symlink() + path.is_file() for path, _ in done.aside)
    (spool.folder / "0-empty.json").touch()
    ((again, _why),) = send(spool, sqlite).aside
    assert again.name.startswith("0-empty-")
    assert runs_in(sqlite) == ["a", "b"]


def test_two_that_send_at_once_send_each_run_once(sqlite: Database, tmp_path: Path) -> None:
    """Whoever comes second takes what the first has not begun with."""
    spool = spool_of(sqlite, tmp_path, *(f"r{number}" for number in range(12)))
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: send(spool, sqlite), range(3)))
    assert [one.problem for one in done] == [None] * 3
    assert sum(one.sent for one in done) == 12
    assert runs_in(sqlite) == [f"r{number}" for number in range(12)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_many_that_write_at_once_lose_nothing(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Eight writers begin with an empty database, each with runs of its own and one that all have: no row is lost."""
    url = "history.db" if kind == "sqlite" else request.getfixturevalue("postgresql").new_database()
    where = database(url, "test", tmp_path)
    spools = [
        spool_of(where, tmp_path / str(writer), "all", *(f"w{writer}-{number}" for number in range(2)))
        for writer in range(8)
    ]
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda spool: send(spool, where, None), spools))
    assert [one for one in done if one != Sent(sent=3)] == []
    assert sorted(runs_in(where)) == sorted(
        ["all", *(f"w{writer}-{number}" for writer in range(8) for number in range(2))]
    )
    with engine(where, reading=True).begin() as connection:
        assert [
            connection.exec_driver_sql(f"SELECT count(*) FROM llmtrace_{table}").scalar()
            for table in ("tests", "calls")
        ] == [17, 17]


def test_a_database_that_says_nothing_is_given_up_in_time(tmp_path: Path) -> None:
    """A server that takes the connection and never answers costs the time that was allowed; the run waits."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = database(f"postgresql://u:geheim99@127.0.0.1:{silent.getsockname()[1]}/x", "test", tmp_path)
        spool = spool_of(where, tmp_path, "a")
        assert send(spool, where, 0.2) == Sent(problem="no answer within 0.2 seconds")
        assert len(spool.waiting()) == 1
    for thread in threading.enumerate():
        if thread.name == "llmtrace-history":
            thread.join()


def test_a_database_that_cannot_be_used_is_named_with_the_reason(
    tmp_path: Path, postgresql: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody there, a wrong password, no such database, a file of something else, newer tables: the runs wait."""
    (tmp_path / "other.db").write_text("I am no database, and never was." * 50, encoding="utf-8")
    right = postgresql.new_database()
    newer = database("newer.db", "test", tmp_path)
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, ("SELECT 1",)))
    with engine(newer).begin() as connection:
        migrations.upgrade(connection, migrations.STEPS)
    monkeypatch.undo()
    cases = {
        f"postgresql://llmtrace:{QUOTED}@127.0.0.1:1/history": "Connection refused",
        right.replace(QUOTED, "wr0ng%2Fpass"): "password authentication failed",
        right + "_not_there": "does not exist",
        "other.db": "file is not a database",
        "newer.db": "its tables are of version 2",
        "other.db/below.db": "File exists",
    }
    for url, said in cases.items():
        where = database(url, "test", tmp_path)
        spool = spool_of(where, tmp_path, "a")
        done = send(spool, where)
        assert said in (done.problem or ""), (url, done)
        assert not {PASSWORD, QUOTED, "wr0ng/pass", "wr0ng%2Fpass"} & {*(done.problem or "").split()}
        assert (done.sent, len(spool.waiting())) == (0, 1)


def test_a_text_that_the_database_cannot_hold_sets_its_run_aside(tmp_path: Path, postgresql: Server) -> None:
    """In a database that is not in UTF-8, one run is set aside with what the server says; the others are sent."""
    with psycopg.connect(postgresql.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    where = database(postgresql.conninfo("latin1"), "test", tmp_path)
    spool = spool_of(where, tmp_path, "a")
    spool.keep(record("b", row("test_a.py::test_a[→]"), days=-1))
    done = send(spool, where)
    assert (done.sent, done.problem, len(done.aside)) == (1, None, 1)
    assert "has no equivalent in encoding" in done.aside[0][1]


def test_a_server_that_is_killed_within_a_transaction_loses_nothing(tmp_path: Path, postgresql: Server) -> None:
    """SIGKILL between the rows of a run and its commit: once the server is back, every run is there, once."""
    url = postgresql.new_database()
    where = database(url, "test", tmp_path)
    spool = spool_of(where, tmp_path, "a", "b", "c", "d")
    commits: list[int] = []

    def kill_at_the_third_run(_connection: sqlalchemy.Connection) -> None:
        commits.append(1)
        if len(commits) == 4:  # the first is that of the migration
            postgresql.kill()

    sqlalchemy.event.listen(sqlalchemy.Engine, "commit", kill_at_the_third_run)
    try:
        done = send(spool, where)
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "commit", kill_at_the_third_run)
        postgresql.start()
    assert (done.sent, len(spool.waiting())) == (2, 2)
    assert done.problem is not None
    assert rows(url, "SELECT count(*) FROM llmtrace_runs") == [(2,)]
    assert send(spool, where) == Sent(sent=2)
    assert rows(
        url, "SELECT r.run_id, c.model FROM llmtrace_runs r JOIN llmtrace_calls c USING (run_id) ORDER BY 1"
    ) == [(run, "m1") for run in "abcd"]


def test_a_commit_that_nobody_heard_of_is_not_written_again(tmp_path: Path, postgresql: Server) -> None:
    """The server is killed after a commit and before its file is gone: the run is sent again, and is there once."""
    url = postgresql.new_database()
    where = database(url, "test", tmp_path)
    spool = spool_of(where, tmp_path, "a")
    kept = spool.waiting()[0].read_bytes()
    assert send(spool, where) == Sent(sent=1)
    postgresql.kill()
    (spool.folder / "a.json").write_bytes(kept)
    postgresql.start()
    assert send(spool, where) == Sent(sent=1)
    assert rows(url, "SELECT count(*) FROM llmtrace_tests") == [(1,)]
