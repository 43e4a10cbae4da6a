"""What `llmtrace check` finds in cassettes. Wording lives in `_report.check`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

ProblemKind = Literal[
    "conflict", "broken", "newer", "secret", "repeated", "disagree", "no_golden", "no_tape", "untracked", "no_test",
    "misplaced", "line_ends", "journal",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in a cassette that is not as it should be."""

    file: Path
    kind: ProblemKind
    severity: Literal["fail", "warn"] = "fail"
    line: int | None = None
    """From 1, where there is one."""
    test: str | None = None
    """Node id, or fixture; `None` where the cassette does not say."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Plain data, by kind:

    - broken, newer: `text`, what the reader said
    - secret: `what` it is, and `shown`, its beginning or its place
    - repeated: `size` of the file and `needed`, in bytes
    - disagree: `about` ("test", "totals", "amounts", "behaviour", "outline", or the kind of drift), `conversation`,
      `turn`, `path` and the values of `golden` and `tape`, where neither file holds a secret
    - no_golden: `golden`, the file, and `imported`, whether the tape waits for its first recording, or `variant`
    - no_tape: `tape`, and `known`, whether git has it
    - untracked: `known`, the file of this cassette that git has, and `ignored`, whether that is on purpose
    - no_test: `test`, and `source`, the file it should be in; `gone`, whether that file is
    - misplaced: `test`, and `expected`, where its cassette belongs
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check came to."""

    cassettes: int
    locked: int
    """Of these, encrypted ones that could not be opened for want of the key: only their outside was checked."""
    problems: tuple[Problem, ...]
    files: int | None = None
    """Files that were searched for secrets, and no more; `None`: cassettes were checked."""
    size: int = 0
    """Bytes of them."""

    @property
    def failed(self) -> bool:
        """Whether any problem is more than a warning."""
        return any(problem.severity == "fail" for problem in self.problems)
