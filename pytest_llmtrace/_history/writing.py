"""One run as rows, in one transaction. It imports SQLAlchemy, as `engine` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy.dialects import postgresql, sqlite

from pytest_llmtrace._history.columns import TEST
from pytest_llmtrace._history.record import Record
from pytest_llmtrace._history.tables import CALLS, FINDINGS, RUNS, TESTS


def write(connection: sqlalchemy.Connection, record: Record) -> bool:
    """Write a run, inside the transaction of the caller. Returns `False` where it was there already.

    Whoever writes a run that another process is writing waits for that one, and then finds it.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    run = record["run"]
    new = insert(RUNS).values(**run).on_conflict_do_nothing().returning(RUNS.c.run_id)
    if connection.execute(new).first() is None:
        return False
    run_id, tests = run["run_id"], record["tests"]
    _insert(connection, TESTS, [{"run_id": run_id, **{one.name: test[one.name] for one in TEST}} for test in tests])
    for table, key in ((FINDINGS, "findings"), (CALLS, "called")):
        rows = [{"run_id": run_id, "test": test["number"], **row} for test in tests for row in test[key]]
        _insert(connection, table, rows)
    return True


def _insert(connection: sqlalchemy.Connection, table: sqlalchemy.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(sqlalchemy.insert(table), rows)
