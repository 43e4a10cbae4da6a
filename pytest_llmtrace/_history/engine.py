"""Connections to the database, with every wait bounded. The one module of a history that all uses of SQLAlchemy share.

It imports SQLAlchemy, so it is imported where a database is needed and nowhere else.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.pool import NullPool
from sqlalchemy.types import NUMERIC, TIMESTAMP, VARCHAR, TypeDecorator

from pytest_llmtrace._history.address import Database
from pytest_llmtrace._history.columns import DECIMALS, MOMENT

CONNECT_SECONDS: Final = 3
"""For one attempt to connect; a server that says nothing is given up then."""
STATEMENT_SECONDS: Final = 5
"""For one statement, waiting for locks included; likewise for a file of SQLite that somebody else writes."""
READING_SECONDS: Final = 60
"""For one statement of a command that somebody waits for."""


class Money(TypeDecorator[Decimal]):
    """US dollars, exactly: NUMERIC, and in SQLite, which would make a binary number of that, a decimal as text."""

    impl = VARCHAR
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        """The type in this database."""
        return dialect.type_descriptor(NUMERIC(24, DECIMALS) if dialect.name == "postgresql" else VARCHAR())

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        """From a record, where it is text."""
        return value if value is None or dialect.name != "postgresql" else Decimal(value)

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:  # noqa: ARG002  # SQLAlchemy calls it so
        """For whoever reads."""
        return None if value is None else Decimal(value)


class Moment(TypeDecorator[datetime]):
    """A time in UTC: a timestamp with time zone, in SQLite a text that sorts like one."""

    impl = VARCHAR
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        """The type in this database."""
        return dialect.type_descriptor(TIMESTAMP(timezone=True) if dialect.name == "postgresql" else VARCHAR())

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        """From a record, where it is text, or a time to compare with."""
        if isinstance(value, datetime):
            return value if dialect.name == "postgresql" else value.astimezone(UTC).strftime(MOMENT)
        return _time(value) if value is not None and dialect.name == "postgresql" else value

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:  # noqa: ARG002  # SQLAlchemy calls it so
        """For whoever reads."""
        return value if value is None or isinstance(value, datetime) else _time(value)


def engine(database: Database, *, reading: bool = False) -> sqlalchemy.Engine:
    """What connects to the database, anew each time. Nothing is connected yet; `reading`: nothing is to be written."""
    if database.kind == "postgresql":
        return _postgresql(database, reading=reading)
    uri = (
        f"file:{quote(str(database.path))}?mode={'ro' if reading else 'rwc'}"  # SQLAlchemy would cut a name at its `?`
    )

    def connect() -> sqlite3.Connection:
        # Python's driver would begin transactions where it sees fit, and none before the tables are made.
        return sqlite3.connect(uri, uri=True, timeout=STATEMENT_SECONDS, isolation_level=None)

    made = sqlalchemy.create_engine("sqlite://", poolclass=NullPool, creator=connect)
    event.listen(made, "begin", _begin if reading else _begin_immediate)
    return made


def _postgresql(database: Database, *, reading: bool) -> sqlalchemy.Engine:
    url = sqlalchemy.make_url(database.url)
    connect: dict[str, Any] = {
        "client_encoding": "utf8",  # whatever the database is in: it says which text it cannot hold
        "prepare_threshold": None,  # poolers such as pgbouncer know no prepared statements
    }
    if "connect_timeout" not in url.query:
        connect["connect_timeout"] = CONNECT_SECONDS
    if "application_name" not in url.query:
        connect["application_name"] = "pytest-llmtrace"
    made = sqlalchemy.create_engine(url, poolclass=NullPool, connect_args=connect)
    event.listen(made, "begin", _bound_reading if reading else _bound_writing)
    return made


def _bound_writing(connection: sqlalchemy.Connection) -> None:
    """Within the transaction, where poolers let it be."""
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {STATEMENT_SECONDS * 1000}")


def _bound_reading(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {READING_SECONDS * 1000}")


def _begin(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: sqlalchemy.Connection) -> None:
    """Writers wait for each other here, before they have read: none finds later that what it read has changed."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _time(text: str) -> datetime:
    return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)
