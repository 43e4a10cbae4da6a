"""Who makes a call: labels that calls inherit from where they are made."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The common labels of an entry."""

    session: str | None = None
    agent: str | None = None
    parent: str | None = None
    task: str | None = None
    turn: int | None = None

    def over(self, other: Labels) -> Labels:
        """These labels, with the other's where these have none."""
        return Labels(
            session=self.session if self.session is not None else other.session,
            agent=self.agent if self.agent is not None else other.agent,
            parent=self.parent if self.parent is not None else other.parent,
            task=self.task if self.task is not None else other.task,
            turn=self.turn if self.turn is not None else other.turn,
        )


NO_LABELS = Labels()

current_labels: ContextVar[Labels] = ContextVar("llmtrace_labels", default=NO_LABELS)
"""The labels that calls made in this context get."""
