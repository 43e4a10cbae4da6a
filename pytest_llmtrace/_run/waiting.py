"""Words about runs that wait for their database."""

from __future__ import annotations

from pytest_llmtrace._history.address import Database
from pytest_llmtrace._history.sending import Sent
from pytest_llmtrace._history.spool import Spool
from pytest_llmtrace._report.topics.history import sending_lines


def said_of(done: Sent, spool: Spool, database: Database, *, resent: bool = True) -> list[str]:
    """What there is to say about what was sent, and what was not; `resent`: whether the next run looks there."""
    return list(
        sending_lines(
            database=database.shown,
            folder=spool.folder,
            problem=done.problem,
            left=len(spool.waiting()) if done.problem is not None else 0,
            aside=done.aside,
            newer=done.newer,
            resent=resent,
        )
    )
