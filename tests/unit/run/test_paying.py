"""What keeps that which is paid for."""

from __future__ import annotations

from pathlib import Path
from typing import cast
from unittest import mock

import pytest

from pytest_llmtrace._run.recording import paying
from pytest_llmtrace._store import journal
from tests.unit.run.conftest import plan_in


@pytest.mark.parametrize("records", [False, True])
def test_a_journal_is_made_at_once_where_something_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: bool
) -> None:
    """Calls of several threads have one. A replay has none, and still finds out whether an earlier run left one."""
    made = mock.Mock(wraps=journal.Journal)
    monkeypatch.setattr(journal, "Journal", made)
    plan = plan_in(tmp_path, "record" if records else "trace")
    cassette = plan.cassette
    nothing = mock.Mock()
    owners = paying.Paying(plan=plan, old=nothing, look=nothing, spending=nothing, records=records, spare=nothing)
    owners.close()
    assert made.call_count == (1 if records else 0)
    cassette.journal.write_bytes(b"")
    assert owners.journal.waits
    assert owners.journal is owners.journal
    assert [cast("Path", call.args[0]) for call in made.call_args_list] == [cassette.journal]
