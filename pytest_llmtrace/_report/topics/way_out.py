"""How what a test did is accepted, from its row of the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.wording import record_command


def accept_command(row: Mapping[str, Any]) -> str:
    """The command that records what the test does now: in live mode, or with another's tape, not the plain one."""
    return clean_line(row.get("accept") or record_command([row["nodeid"]]))


def models_instead(row: Mapping[str, Any]) -> list[str]:
    """The models that were asked in place of those that the code names: to be written there before accepting."""
    pairs = (row.get("swapped") or {}).get("models", ())
    return sorted({clean_line(pair.partition("=")[2]) for pair in pairs})
