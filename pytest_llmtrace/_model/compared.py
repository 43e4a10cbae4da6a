"""Two sides, of one file or of many, compared with each other."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llmtrace._model.conversations import Conversation
from pytest_llmtrace._model.findings import Drift


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPair:
    """Two traces that belong together."""

    name: str
    """What both are called: the path below the folders, or the test of a single file."""
    golden_file: str
    observed_file: str
    golden: tuple[Conversation, ...] = ()
    """Empty, as the observed ones, where both files are the same and were not read."""
    observed: tuple[Conversation, ...] = ()
    drifts: tuple[Drift, ...] = ()
    """Without those that the policy ignores."""
    renamed_from: str | None = None
    """What it was called on the golden side, where it was renamed."""

    @property
    def equal(self) -> bool:
        """Whether nothing differs that the policy fails on."""
        return all(drift.severity != "fail" for drift in self.drifts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """All pairs of two sides, and what only one of them has."""

    pairs: tuple[ComparedPair, ...]
    added: tuple[str, ...] = ()
    """Names that only the observed side has."""
    removed: tuple[str, ...] = ()
    """Names that only the golden side has."""
    unread: tuple[str, ...] = ()
    """What is wrong with files that cannot be read, and the way out; their pairs are missing."""

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same traces, as far as they can be read."""
        return not (self.added or self.removed or self.unread) and all(pair.equal for pair in self.pairs)
