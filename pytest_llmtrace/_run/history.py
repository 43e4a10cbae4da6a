"""What is kept of a run beyond its end: put together here, first written to a file, then sent to the database."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_llmtrace import __version__
from pytest_llmtrace._history.address import Database
from pytest_llmtrace._history.origin import origin
from pytest_llmtrace._history.record import Record, run_record
from pytest_llmtrace._history.sending import send
from pytest_llmtrace._history.spool import FOLDER, Spool
from pytest_llmtrace._model.checkout import Checkout
from pytest_llmtrace._report.document.attempts import Payload, owners
from pytest_llmtrace._report.topics.history import moved_line, unkept_line
from pytest_llmtrace._run.hooks import redactor
from pytest_llmtrace._run.waiting import said_of
from pytest_llmtrace._settings.history import History
from pytest_llmtrace._settings.values import Settings
from pytest_llmtrace._store.git import checkout
from pytest_llmtrace.errors import GitError, LlmtraceError


def keep(
    document: Mapping[str, Any], payloads: Sequence[Payload], settings: Settings, hooks: Any, *, whole: bool
) -> list[str]:
    """Keep a run, and send what waits. Returns what went wrong, if anything did: it never fails the run.

    A selection of tests that call no model is not kept: it says nothing of those that do.

    Args:
        document: the report document.
        payloads: what it was drawn from.
        settings: of the run.
        hooks: pytest's.
        whole: whether no test was left out.
    """
    history = settings.history
    if history is None or not (whole or document["tests"] or document.get("fixtures")):
        return []
    try:
        record = _record(document, payloads, settings, hooks, history, whole=whole)
        return list(_kept(record, settings.root, history.database))
    except (LlmtraceError, OSError, pytest.fail.Exception) as error:
        return [unkept_line(str(error))]


def _kept(record: Record, root: Path, database: Database) -> Iterator[str]:
    """Write a run to a file, and send what waits: of a project that cannot be written, from a temporary folder."""
    spool = Spool(root=root, digest=database.digest)
    try:
        spool.keep(record)
    except OSError as error:
        elsewhere = Spool(root=Path(tempfile.mkdtemp(prefix="llmtrace-history-")), digest=database.digest)
        elsewhere.keep(record)
        yield from said_of(send(elsewhere, database), elsewhere, database, resent=False)
        if elsewhere.waiting():
            yield moved_line(root / FOLDER, elsewhere.root, str(error))
        else:
            shutil.rmtree(elsewhere.root, ignore_errors=True)
    else:
        yield from said_of(send(spool, database), spool, database)


def _record(
    document: Mapping[str, Any],
    payloads: Sequence[Payload],
    settings: Settings,
    hooks: Any,
    history: History,
    *,
    whole: bool,
) -> Record:
    place = origin(os.environ, _checkout(settings.root), settings.root)
    about = {
        "run_id": uuid.uuid4().hex,
        "project": place.project,
        "started_at": history.started,
        "duration_s": time.time() - history.started,
        "commit_hash": place.commit,
        "commit_time": place.commit_time,
        "branch": place.branch,
        "dirty": place.dirty,
        "change_url": place.change_url,
        "ci_url": place.ci_url,
        "whole": whole,
        "plugin_version": __version__,
    }
    calls = {
        (owner.nodeid, (owner.golden or "") if owner.fixture else ""): [
            call for payload in owner.last for call in payload.get("history", ())
        ]
        for owner in owners(payloads)
    }
    return run_record(document, calls, about, redactor(hooks, settings).text)


def _checkout(root: Path) -> Checkout | None:
    try:
        return checkout(root)
    except (GitError, OSError):
        return None
