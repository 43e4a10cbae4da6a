"""What `llmtrace prune` finds. Wording lives in `_report.commands.prune`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

UnusedReason = Literal[
    "source_gone",
    "test_gone",
    "parameter",
    "elsewhere",
    "not_collected",
    "unread",
    "no_owner",
    "fixture",
    "recorded_since",
]
"""Why a cassette seems to be unused.

- source_gone, test_gone: neither was its test collected, nor is it in a source: sure
- parameter: its function was collected, without this parameter
- elsewhere: its test looks for its cassette in another place, going by who it names
- not_collected: its source may have it, but it was not collected
- fixture: no source below its folder names the fixture
- unread: its files cannot be read, so nobody knows whose they are
- no_owner: they do not say whose they are
- recorded_since: a report says so that is older than the cassette
"""

SURE: tuple[UnusedReason, ...] = ("source_gone", "test_gone")
"""Reasons for which a cassette is deleted; for the others only when that is asked for."""
KEPT: tuple[UnusedReason, ...] = ("unread", "no_owner", "recorded_since")
"""Reasons for which it is never deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """A cassette that seems to be unused."""

    owner: str | None
    """The test or fixture; `None` where nothing says."""
    reason: UnusedReason
    files: tuple[Path, ...]
    """All of it: golden trace, variants, tape, journal."""
    untracked: tuple[Path, ...] = ()
    """Those that git does not know, and cannot bring back."""

    @property
    def is_sure(self) -> bool:
        """Whether nothing can use it any more."""
        return self.reason in SURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a search for unused cassettes came to."""

    cassettes: int
    """How many there are."""
    collected: int | None
    """How many tests pytest collected; `None` where it was not asked."""
    unused: tuple[Unused, ...]
    deleted: tuple[Unused, ...] = ()
