"""What git says of the folder that tests are in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A working tree, and the commit that it is of."""

    top: Path
    commit: str | None = None
    commit_time: int | None = None
    """Seconds since the epoch."""
    branch: str | None = None
    """`None` where a commit is checked out, as CI does."""
    dirty: bool | None = None
    """Whether tracked files are not as they were committed."""
    remote: str | None = None
    """The address that it was cloned from, with whatever is in it."""
