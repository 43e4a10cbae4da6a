"""What holds of both databases: rows as they were written, once per run, and tables that are brought up to date."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy

from pytest_llmtrace._history.address import Database, database
from pytest_llmtrace._history.columns import CALL, FINDING, RUN, TEST
from pytest_llmtrace._history.engine import engine
from pytest_llmtrace._history.migrations import STEPS, VERSION_TABLE, NewerDatabaseError, upgrade, version
from pytest_llmtrace._history.record import Record
from pytest_llmtrace._history.tables import CALLS, FINDINGS, METADATA, RUNS, TESTS
from pytest_llmtrace._history.writing import write
from tests.unit.history.records import BEGIN, record, row

NEXT = (*STEPS, ("ALTER TABLE llmtrace_runs ADD COLUMN note TEXT", "UPDATE llmtrace_runs SET note = 'old'"))
"""The steps of a version that is to come."""


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An empty database."""
    if request.param == "sqlite":
        return database(str(tmp_path / "history.db"), "test", tmp_path)
    return database(request.getfixturevalue("postgresql").new_database(), "test", tmp_path)


def written(where: Database, *records: Record) -> list[bool]:
    with engine(where).connect() as connection:
        with connection.begin():
            upgrade(connection)
        done = []
        for one in records:
            with connection.begin():
                done.append(write(connection, one))
        return done


def all_rows(where: Database, table: sqlalchemy.Table) -> list[dict[str, object]]:
    with engine(where, reading=True).begin() as connection:
        return [dict(one) for one in connection.execute(table.select()).mappings()]


@pytest.mark.parametrize(
    ("outcome", "calls", "stopped"),
    [("skipped", 0, True), ("error", 0, True), ("xfailed", 0, True), ("error", 1, False), ("passed", 0, False)],
)
def test_a_test_that_did_not_run_costs_no_less(outcome: str, calls: int, *, stopped: bool) -> None:
    """Skipped by a mark, expected to fail and not run, or with a broken fixture: that it cost nothing says nothing."""
    made = record("r1", row("test_a.py::test_a", 0.0, outcome=outcome, calls=calls))
    assert made["tests"][0]["stopped"] is stopped


def test_a_run_is_written_once_and_read_as_it_was(where: Database) -> None:
    """A run that is written twice is one run; money is exact, an unknown price is NULL and not zero, times are UTC."""
    drift = [{"type": "drift", "kind": "prompt", "severity": "fail"}] * 2
    tests = (
        row("test_a.py::test_a[\0\ud800é]", 0.1 + 0.2, findings=drift),
        row("test_a.py::test_b", None, stopped=True),
    )
    assert written(where, record("r1", *tests), record("r2"), record("r1")) == [True, True, False]
    first, second = sorted(all_rows(where, RUNS), key=lambda one: str(one["run_id"]))
    assert (first["run_id"], first["started_at"], first["cost_usd"]) == ("r1", BEGIN, None)
    assert (first["priced_usd"], second["cost_usd"]) == (Decimal("0.3"), Decimal("0.1"))
    assert (first["dirty"], first["whole"], first["change_url"], first["duration_s"]) == (False, True, None, 2.5)
    found = sorted(all_rows(where, TESTS), key=lambda one: (str(one["run_id"]), str(one["nodeid"])))
    assert [(one["nodeid"], one["cost_usd"], one["stopped"], one["unpriced_calls"]) for one in found] == [
        ("test_a.py::test_a[\\0\\ud800é]", Decimal("0.300000000000"), False, 0),
        ("test_a.py::test_b", None, True, 1),
        ("test_a.py::test_a", Decimal("0.1"), False, 0),
    ]
    assert all_rows(where, FINDINGS) == [
        {"run_id": "r1", "test": 1, "type": "drift", "kind": "prompt", "severity": "fail", "count": 2}
    ]
    keys = ("run_id", "test", "number", "model", "cost_usd")
    assert sorted(tuple(one[key] for key in keys) for one in all_rows(where, CALLS)) == [
        (run, test, 1, "m1", Decimal("0.1")) for run, test in (("r1", 1), ("r1", 2), ("r2", 1))
    ]


def test_the_tables_are_those_that_statements_expect(where: Database) -> None:
    """After all migrations, the columns of each table and which of them may be NULL are what is written and read."""
    written(where)
    with engine(where).begin() as connection:
        inspector = sqlalchemy.inspect(connection)
        found = {
            name: {one["name"]: bool(one["nullable"]) for one in inspector.get_columns(name)}
            for name in inspector.get_table_names()
            if name != VERSION_TABLE
        }
    assert found == {
        table.name: {one.name: bool(one.nullable) for one in table.columns} for table in METADATA.sorted_tables
    }
    assert {one.kind for one in (*RUN, *TEST, *FINDING, *CALL)} == {
        "text",
        "count",
        "flag",
        "seconds",
        "money",
        "moment",
    }


def test_older_tables_are_brought_up_to_date_with_their_data(where: Database) -> None:
    """Four processes that meet older tables at once bring them up to date once; the runs in them stay."""
    written(where, record("r1"))
    problems: list[BaseException] = []

    def one() -> None:
        try:
            with engine(where).begin() as connection:
                upgrade(connection, NEXT)
        except sqlalchemy.exc.SQLAlchemyError as error:
            problems.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with engine(where, reading=True).begin() as connection:
        assert connection.exec_driver_sql("SELECT run_id, note FROM llmtrace_runs").fetchall() == [("r1", "old")]
        assert version(connection) == 2


def test_a_step_that_fails_leaves_the_tables_as_they_were(where: Database) -> None:
    """A migration is all or nothing: after one that fails in its middle, the older version works on."""
    written(where, record("r1"))
    with pytest.raises(sqlalchemy.exc.DBAPIError), engine(where).begin() as connection:
        upgrade(connection, (*STEPS, ("ALTER TABLE llmtrace_runs ADD COLUMN note TEXT", "SELECT * FROM not_there")))
    assert written(where, record("r2")) == [True]
    assert {one["run_id"] for one in all_rows(where, RUNS)} == {"r1", "r2"}


def test_tables_of_a_later_version_are_left_alone(where: Database) -> None:
    """They are refused with the way out, and nothing in them changes."""
    written(where, record("r1"))
    with engine(where).begin() as connection:
        upgrade(connection, NEXT)
    with pytest.raises(NewerDatabaseError, match=r"its tables are of version 2, .* up to 1: pip install --upgrade"):
        written(where, record("r2"))
    with engine(where, reading=True).begin() as connection:
        assert connection.exec_driver_sql("SELECT run_id FROM llmtrace_runs").fetchall() == [("r1",)]
