"""The tables, step by step: each released version of them is brought up to date, in one transaction, with its data.

A step is SQL that both databases take, but for the types of money and time. It is never changed once it was released:
what is to be different is a step more, and `tables` follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy

from pytest_llmtrace.errors import LlmtraceError

Steps = Sequence[Sequence[str]]

VERSION_TABLE: Final = "llmtrace_schema"
_LOCK: Final = 0x6C6C6D74  # "llmt": the number of our advisory lock among all in a database of PostgreSQL
_TYPES: Final = {
    "postgresql": {"money": "NUMERIC(24, 12)", "moment": "TIMESTAMP WITH TIME ZONE", "seconds": "DOUBLE PRECISION"},
    "sqlite": {"money": "VARCHAR", "moment": "VARCHAR", "seconds": "DOUBLE"},
}
_TOKENS: Final = """
    input_tokens BIGINT NOT NULL, output_tokens BIGINT NOT NULL, cache_read_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL, reasoning_tokens BIGINT NOT NULL, estimated BOOLEAN NOT NULL"""
_AMOUNTS: Final = f"""
    calls BIGINT NOT NULL, live_calls BIGINT NOT NULL, {_TOKENS}, cost_usd {{money}}, priced_usd {{money}} NOT NULL,
    unpriced_calls BIGINT NOT NULL, live_cost_usd {{money}}"""

STEPS: Final[Steps] = (
    (
        f"""CREATE TABLE llmtrace_runs (
            run_id TEXT NOT NULL PRIMARY KEY, project TEXT NOT NULL, started_at {{moment}} NOT NULL,
            duration_s {{seconds}} NOT NULL, commit_hash TEXT, commit_time {{moment}}, branch TEXT, dirty BOOLEAN,
            change_url TEXT, ci_url TEXT, mode TEXT NOT NULL, whole BOOLEAN NOT NULL, outcome TEXT NOT NULL,
            plugin_version TEXT NOT NULL, tests BIGINT NOT NULL, {_AMOUNTS})""",
        "CREATE INDEX llmtrace_runs_by_time ON llmtrace_runs (started_at)",
        f"""CREATE TABLE llmtrace_tests (
            run_id TEXT NOT NULL REFERENCES llmtrace_runs ON DELETE CASCADE, number BIGINT NOT NULL,
            nodeid TEXT NOT NULL, fixture BOOLEAN NOT NULL, outcome TEXT NOT NULL, mode TEXT NOT NULL,
            stopped BOOLEAN NOT NULL, duration_s {{seconds}}, {_AMOUNTS}, PRIMARY KEY (run_id, number))""",
        """CREATE TABLE llmtrace_findings (
            run_id TEXT NOT NULL, test BIGINT NOT NULL, type TEXT NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL,
            count BIGINT NOT NULL, PRIMARY KEY (run_id, test, type, kind, severity),
            FOREIGN KEY (run_id, test) REFERENCES llmtrace_tests ON DELETE CASCADE)""",
        f"""CREATE TABLE llmtrace_calls (
            run_id TEXT NOT NULL, test BIGINT NOT NULL, number BIGINT NOT NULL, operation TEXT NOT NULL,
            provider TEXT NOT NULL, model TEXT NOT NULL, source TEXT NOT NULL, status TEXT NOT NULL, finish_reason TEXT,
            error_type TEXT, duration_s {{seconds}}, {_TOKENS}, cost_usd {{money}}, PRIMARY KEY (run_id, test, number),
            FOREIGN KEY (run_id, test) REFERENCES llmtrace_tests ON DELETE CASCADE)""",
    ),
)
"""The first makes version 1 of an empty database."""


class NewerDatabaseError(LlmtraceError):
    """Tables of a later version of pytest-llmtrace: nothing is written to them, and nothing read."""


def version(connection: sqlalchemy.Connection) -> int:
    """The version of the tables; 0: there are none."""
    if not sqlalchemy.inspect(connection).has_table(VERSION_TABLE):
        return 0
    found = connection.exec_driver_sql(f"SELECT max(version) FROM {VERSION_TABLE}").scalar()  # noqa: S608  # a constant
    return int(found or 0)


def check(connection: sqlalchemy.Connection, steps: Steps = STEPS) -> int:
    """The version of the tables. Raises: NewerDatabaseError."""
    found = version(connection)
    if found > len(steps):
        raise NewerDatabaseError(
            f"its tables are of version {found}, and this version of pytest-llmtrace knows those up to {len(steps)}: "
            "pip install --upgrade pytest-llmtrace"
        )
    return found


def upgrade(connection: sqlalchemy.Connection, steps: Steps = STEPS) -> None:
    """Bring the tables up to date, inside the transaction of the caller: all of it happens, or nothing.

    One process at a time: SQLite's transaction is the only one that writes, and PostgreSQL has a lock for it, after
    which what another process did meanwhile can be seen.

    Raises:
        NewerDatabaseError: they are of a later version.
    """
    if check(connection, steps) == len(steps):
        return
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    done = check(connection, steps)
    if done == 0:
        connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {VERSION_TABLE} (version BIGINT NOT NULL PRIMARY KEY)")
    for number, statements in enumerate(steps[done:], done + 1):
        for statement in statements:
            connection.exec_driver_sql(statement.format_map(_TYPES[dialect]))
        connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} (version) VALUES ({number})")  # noqa: S608  # a number
