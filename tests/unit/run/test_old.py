"""The cassette of one owner, as it was before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_llmtrace._run.recording.old import _totals_from
from pytest_llmtrace.errors import BrokenCassetteError


@pytest.mark.parametrize(
    "data", [{}, {"calls": "x"}, {"calls": 1, "usage": 3}, {"calls": float("inf"), "usage": {}, "priced_usd": 0}]
)
def test_totals_that_cannot_be_read_name_the_tape(data: dict[str, Any]) -> None:
    """What a tape says of its totals is no reason for a traceback: the error names the file and the way out."""
    with pytest.raises(BrokenCassetteError) as raised:
        _totals_from(data, Path("a.tape.json"))
    assert str(raised.value).startswith("a.tape.json: this cassette file cannot be read: the totals in its `meta` are ")
    assert "Undo the edit with `git checkout -- a.tape.json`" in str(raised.value)
