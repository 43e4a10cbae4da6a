"""Sending what waits to its database, within a time that nothing can exceed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_llmtrace._history.address import Database
from pytest_llmtrace._history.record import DamagedRunError, NewerRunError
from pytest_llmtrace._history.spool import Spool, claimed, read
from pytest_llmtrace.errors import LlmtraceError

if TYPE_CHECKING:
    import sqlalchemy

    from pytest_llmtrace._history.record import Record

RUN_SECONDS: Final = 10.0
"""How long a run of pytest waits at its end at most, whatever the database, the network or the disk do."""
_LONGEST: Final = 300


@dataclass(slots=True, kw_only=True)
class Sent:
    """What came of it. It is filled while it goes on: whoever stopped waiting sees what was done until then."""

    sent: int = 0
    problem: str | None = None
    """Why the rest was not sent."""
    aside: list[tuple[Path, str]] = field(default_factory=list)
    """Files that no database takes, where they are now, and why."""
    newer: list[Path] = field(default_factory=list)
    """Files of a later version of pytest-llmtrace, which wait for it."""


def send(spool: Spool, database: Database, seconds: float | None = RUN_SECONDS) -> Sent:
    """Send what waits, the oldest run first; what cannot be sent stays.

    Args:
        spool: what waits.
        database: where it goes.
        seconds: how long this may take; `None`: as long as there is progress.
    """
    done = Sent()
    if seconds is None:
        _send(spool, database, done, None)
        return done
    deadline = time.monotonic() + seconds
    # A name that does not resolve and a server that stands still cannot be interrupted, but left to themselves.
    thread = threading.Thread(
        target=_send, args=(spool, database, done, deadline), name="llmtrace-history", daemon=True
    )
    thread.start()
    thread.join(seconds)
    if thread.is_alive() and done.problem is None:
        done.problem = f"no answer within {seconds:g} seconds"
    return done


def _send(spool: Spool, database: Database, done: Sent, deadline: float | None) -> None:
    try:
        files = spool.waiting()
        if files:
            _send_files(spool, database, done, deadline, files)
    except Exception as error:  # noqa: BLE001  # of SQLAlchemy, a driver, the disk: what they raise is theirs
        done.problem = reason(error, database)


def _send_files(spool: Spool, database: Database, done: Sent, deadline: float | None, files: Sequence[Path]) -> None:
    from pytest_llmtrace._history.engine import engine  # noqa: PLC0415  # imports SQLAlchemy
    from pytest_llmtrace._history.migrations import upgrade  # noqa: PLC0415  # likewise
    from pytest_llmtrace._history.writing import write  # noqa: PLC0415  # likewise

    if database.path is not None:
        database.path.parent.mkdir(parents=True, exist_ok=True)
    with engine(database).connect() as connection:
        with connection.begin():
            upgrade(connection)
        for path in files:
            if deadline is not None and time.monotonic() > deadline:
                done.problem = "there was more than could be sent in time"
                return
            with claimed(path) as mine:
                if mine:
                    _send_file(spool, path, done, lambda record: _written(connection, record, write))


def _send_file(spool: Spool, path: Path, done: Sent, write: Callable[[Record], None]) -> None:
    """Send one file. Raises: whatever is wrong with the database, not with the file."""
    from sqlalchemy.exc import DataError, IntegrityError  # noqa: PLC0415  # it is imported by now

    try:
        write(read(path))
    except NewerRunError:
        done.newer.append(path)
    except (DamagedRunError, DataError, IntegrityError, OSError) as error:
        if isinstance(error, OSError) and not path.is_file() and not path.is_symlink():
            return  # it is gone: somebody sent it, or removed it
        done.aside.append((spool.set_aside(path), _one_line(str(getattr(error, "orig", None) or error))))
    else:
        path.unlink(missing_ok=True)
        done.sent += 1


def _written(
    connection: sqlalchemy.Connection, record: Record, write: Callable[[sqlalchemy.Connection, Record], bool]
) -> None:
    with connection.begin():
        write(connection, record)


def reason(error: BaseException, database: Database) -> str:
    """What went wrong, in a line, without the password and without what SQLAlchemy adds for developers."""
    found = getattr(error, "orig", None) or error
    said = _one_line(str(found)) or type(found).__name__
    if not isinstance(found, (LlmtraceError, OSError)) and not said.startswith(type(found).__name__):
        said = f"{type(found).__name__}: {said}" if len(said) < 40 else said
    return database.without_secrets(said)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
